// The front stands in for DNS and the network on one machine: it can be told where in the world
// this browser is, and can stop and start regions.

export interface Where {
    country: string;
    region: string;
}

export interface RegionState {
    id: string;
    state: 'up' | 'down';
}

async function ask<T>(url: string, init?: RequestInit): Promise<T> {
    const response = await fetch(url, { cache: 'no-store', ...init });
    if (!response.ok) throw new Error(`The front answered ${response.status}.`);
    return (await response.json()) as T;
}

export const get_where = (front: string) => ask<Where>(`${front}/where`);

export async function set_where(front: string, country: string): Promise<Where> {
    const response = await fetch(`${front}/where`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ country }),
    });
    if (!response.ok) throw new Error(`The front answered ${response.status}.`);
    return get_where(front);
}

export async function get_states(front: string): Promise<RegionState[]> {
    return (await ask<{ regions: RegionState[] }>(`${front}/regions`)).regions;
}

export async function switch_region(
    front: string,
    id: string,
    action: 'stop' | 'start',
): Promise<RegionState[]> {
    const url = `${front}/regions/${encodeURIComponent(id)}/${action}`;
    const response = await fetch(url, { method: 'POST' });
    if (!response.ok) throw new Error(`The front answered ${response.status}.`);
    return get_states(front);
}
