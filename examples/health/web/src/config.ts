// What the edge tells the page about the world, at /domicile.json of the page's own origin.

export interface Region {
    id: string;
    jurisdiction: string;
    countries: string[];
    endpoints: { identity: string; api: string; outbox: string };
    user_pool_id: string;
    client_id: string;
}

export interface World {
    domain: string;
    port: number;
    served_by: string;
    regions: Region[];
    /** Base of the API at its global name. */
    api: string;
    /** Base of the front's own API; absent in production, where DNS plays its part. */
    front?: string;
}

export async function load_world(fetch_from: typeof fetch = fetch): Promise<World> {
    const response = await fetch_from('/domicile.json', { cache: 'no-store' });
    if (!response.ok) throw new Error(`/domicile.json: ${response.status}`);
    const world = (await response.json()) as World;
    if (!Array.isArray(world.regions) || world.regions.length === 0 || !world.api) {
        throw new Error('/domicile.json names no regions');
    }
    return world;
}

export function find_region(world: World, id: string | null | undefined): Region | undefined {
    return world.regions.find((region) => region.id === id);
}

export interface Country {
    code: string;
    name: string;
}

/** All countries of all jurisdictions, each once, by their English names. */
export function countries_of(world: World): Country[] {
    const names = new Intl.DisplayNames(['en'], { type: 'region' });
    const codes = new Set(world.regions.flatMap((region) => region.countries));
    return [...codes]
        .map((code) => ({ code, name: names.of(code) ?? code }))
        .sort((a, b) => a.name.localeCompare(b.name, 'en'));
}
