// The development outbox: mails that the regions would have sent. Each region keeps its own
// people's mails, so the page asks every region and merges.

import type { Region } from './config';

export interface Mail {
    id: string;
    to: string;
    subject: string;
    text: string;
    /** ISO 8601, or seconds since 1970 */
    sent_at: string | number;
}

export interface RegionMail extends Mail {
    region: string;
    sent_ms: number;
}

export interface Outbox {
    mails: RegionMail[];
    /** Regions that did not answer. */
    silent: string[];
}

export function to_ms(sent_at: string | number): number {
    if (typeof sent_at === 'string') return Date.parse(sent_at) || 0;
    // Seconds stay under 10^11 until the year 5138; more than that is milliseconds.
    return sent_at < 1e11 ? sent_at * 1000 : sent_at;
}

export function merge_mails(boxes: { region: string; mails: Mail[] }[]): RegionMail[] {
    return boxes
        .flatMap(({ region, mails }) =>
            mails.map((mail) => ({ ...mail, region, sent_ms: to_ms(mail.sent_at) })),
        )
        .sort((a, b) => b.sent_ms - a.sent_ms);
}

export async function load_outbox(
    regions: Region[],
    fetch_from: typeof fetch = fetch,
): Promise<Outbox> {
    const answers = await Promise.allSettled(
        regions.map(async (region) => {
            const response = await fetch_from(region.endpoints.outbox, { cache: 'no-store' });
            if (!response.ok) throw new Error(String(response.status));
            const { mails } = (await response.json()) as { mails: Mail[] };
            return { region: region.id, mails };
        }),
    );
    const boxes = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const silent = regions
        .filter((_, index) => answers[index]?.status === 'rejected')
        .map((region) => region.id);
    return { mails: merge_mails(boxes), silent };
}
