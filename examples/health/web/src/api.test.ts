import { describe, expect, test } from 'vitest';
import { ApiError, DiaryApi, retry_after_s, type Path } from './api';

const kHome = 'https://ap-southeast-2.domicile.localhost:8443';
const kAway = 'https://us-east-2.domicile.localhost:8443';

interface Call {
    url: string;
    method: string | undefined;
    authorization: string | undefined;
    body: string | undefined;
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
    return new Response(JSON.stringify(body), { status, headers });
}

/** An API over the given answers, one per call, and the calls that it made. */
function api_over(...answers: (Response | Error)[]) {
    const calls: Call[] = [];
    const paths: Path[] = [];
    const api = new DiaryApi({
        base: `${kAway}/`,
        trusted: [kHome, kAway],
        token: (renew) => Promise.resolve(renew ? 'new' : 'old'),
        on_answer: (path) => paths.push(path),
        fetch: (input, init) => {
            const headers = new Headers(init?.headers);
            calls.push({
                url: String(input),
                method: init?.method,
                authorization: headers.get('authorization') ?? undefined,
                body: init?.body as string | undefined,
            });
            const answer = answers.shift() ?? new Error('one call too many');
            return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
        },
    });
    return { api, calls, paths };
}

async function error_of(promise: Promise<unknown>): Promise<ApiError> {
    const error: unknown = await promise.then(
        () => undefined,
        (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
}

const kDraft = { date: '2026-11-23', mood: 4, text: 'Slept well' };

describe('the diary api', () => {
    test('sends the token and reports who answered', async () => {
        const headers = { 'Domicile-Served-By': 'ap-southeast-2', 'Domicile-Via': 'us-east-2' };
        const { api, calls, paths } = api_over(json(200, { entries: [] }, headers));
        expect(await api.list()).toEqual([]);
        expect(calls[0]).toMatchObject({ url: `${kAway}/entries`, authorization: 'Bearer old' });
        expect(paths).toEqual([{ served_by: 'ap-southeast-2', via: 'us-east-2' }]);
    });

    test('follows a 421 to the home once, with the same method and body', async () => {
        const misdirected = json(421, { title: 'Misdirected', home_endpoint: kHome });
        const { api, calls } = api_over(misdirected, json(201, { entryId: 'e1' }));
        expect(await api.create(kDraft)).toEqual({ ...kDraft, entryId: 'e1' });
        expect(calls[1]).toEqual({ ...calls[0], url: `${kHome}/entries` });
        expect(JSON.parse(calls[1]?.body ?? '')).toEqual(kDraft);
    });

    test('does not follow a second 421', async () => {
        const misdirected = () => json(421, { detail: 'Not here', home_endpoint: kHome });
        const { api, calls } = api_over(misdirected(), misdirected());
        expect(await error_of(api.list())).toMatchObject({ status: 421, message: 'Not here' });
        expect(calls).toHaveLength(2);
    });

    test.each(['https://evil.example', 'not a url', undefined])(
        'takes the token nowhere that it does not know: %s',
        async (home_endpoint) => {
            const { api, calls } = api_over(json(421, { home_endpoint }));
            expect(await error_of(api.list())).toMatchObject({ problem: 'refused' });
            expect(calls).toHaveLength(1);
        },
    );

    test('renews the token once when it is refused', async () => {
        const { api, calls } = api_over(json(401, {}), json(200, { entries: [] }));
        await api.list();
        expect(calls.map((call) => call.authorization)).toEqual(['Bearer old', 'Bearer new']);
    });

    test('says that the data stays at home when the home is down', async () => {
        const { api } = api_over(json(503, { title: 'x' }, { 'Retry-After': '5' }));
        const error = await error_of(api.list());
        expect(error).toMatchObject({ problem: 'home_unreachable', retry_after_s: 5 });
        expect(error.message).toContain('your data stays there');
    });

    test('tells a silent region from a refusal', async () => {
        const silent = api_over(new TypeError('fetch failed'));
        expect(await error_of(silent.api.list())).toMatchObject({ problem: 'offline' });
        const refused = api_over(json(400, { message: 'mood must be 1 to 5' }));
        const error = await error_of(refused.api.create(kDraft));
        expect(error).toMatchObject({ problem: 'refused', message: 'mood must be 1 to 5' });
    });

    test('deletes by id, and an empty answer is fine', async () => {
        const { api, calls } = api_over(new Response(null, { status: 204 }));
        await api.remove('a/b');
        expect(calls[0]).toMatchObject({ method: 'DELETE', url: `${kAway}/entries/a%2Fb` });
    });
});

describe('Retry-After', () => {
    const now_ms = Date.parse('2026-11-23T10:00:00Z');
    test.each([
        ['7', 7],
        ['Mon, 23 Nov 2026 10:00:30 GMT', 30],
        ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
        ['99999', 600],
        ['soon', null],
        [null, null],
    ])('%s', (value, expected) => {
        expect(retry_after_s(value, now_ms)).toBe(expected);
    });
});
