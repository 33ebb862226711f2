import { expect, test } from 'vitest';
import type { Region } from './config';
import { load_outbox, merge_mails, type Mail } from './outbox';

const mail = (id: string, sent_at: string | number): Mail => ({
    id,
    to: 'a@example.org',
    subject: 'Code',
    text: '123456',
    sent_at,
});

test('mails of all regions come newest first, and say where they are from', () => {
    const merged = merge_mails([
        { region: 'a', mails: [mail('1', '2026-11-23T10:00:00Z'), mail('2', '2026-11-23T12:00:00Z')] },
        { region: 'b', mails: [mail('3', Date.parse('2026-11-23T11:00:00Z') / 1000)] },
    ]);
    expect(merged.map(({ id, region }) => `${region}${id}`)).toEqual(['a2', 'b3', 'a1']);
});

test('a region that is down is named, and the others are still shown', async () => {
    const region = (id: string) =>
        ({ id, endpoints: { identity: '', api: '', outbox: `https://${id}/outbox` } }) as Region;
    const fetch_from = (input: RequestInfo | URL) =>
        String(input).includes('down')
            ? Promise.reject(new TypeError('fetch failed'))
            : Promise.resolve(new Response(JSON.stringify({ mails: [mail('1', 1)] })));
    const outbox = await load_outbox([region('up'), region('down')], fetch_from);
    expect(outbox.silent).toEqual(['down']);
    expect(outbox.mails.map(({ id }) => id)).toEqual(['1']);
});
