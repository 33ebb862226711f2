// The diary's API: at the global name, or at any region's own. Whichever region answers, the
// entries live at the home region only, so a call ends in one of three ways: the region answers
// (itself, or by asking the home), it names the home and the page goes there (421), or the home
// cannot be reached (503) and nobody else may answer in its place.

export interface Draft {
    /** YYYY-MM-DD */
    date: string;
    /** 1 (worst) to 5 (best) */
    mood: number;
    text: string;
}

export interface Entry extends Draft {
    entryId: string;
}

/** Which region answered, and through which one if it was forwarded. */
export interface Path {
    served_by: string | null;
    via: string | null;
}

export type Problem = 'home_unreachable' | 'offline' | 'refused';

export class ApiError extends Error {
    constructor(
        readonly problem: Problem,
        message: string,
        readonly status: number,
        readonly retry_after_s: number | null = null,
    ) {
        super(message);
    }
}

export interface ApiOptions {
    base: string;
    /** Origins that an access token may be sent to. */
    trusted: string[];
    token: (renew: boolean) => Promise<string>;
    on_answer?: (path: Path) => void;
    fetch?: typeof fetch;
}

const kUnreachable =
    'Your home region is not reachable at the moment; your data stays there. Try again.';
const kRetryAfterMaxS = 600;

export function retry_after_s(value: string | null, now_ms: number = Date.now()): number | null {
    if (value === null) return null;
    const text = value.trim();
    const seconds = /^\d+$/.test(text)
        ? Number(text)
        : Math.ceil((Date.parse(text) - now_ms) / 1000);
    return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), kRetryAfterMaxS);
}

async function body_of(response: Response): Promise<Record<string, unknown>> {
    try {
        const value: unknown = await response.json();
        return typeof value === 'object' && value !== null ? { ...value } : {};
    } catch {
        return {};
    }
}

function text_of(body: Record<string, unknown>): string | undefined {
    const found = [body['detail'], body['message'], body['title']];
    return found.find((value): value is string => typeof value === 'string' && value !== '');
}

export class DiaryApi {
    readonly #options: ApiOptions;
    readonly #fetch: typeof fetch;

    constructor(options: ApiOptions) {
        this.#options = options;
        this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    }

    async list(): Promise<Entry[]> {
        const body = await this.#call('GET', '/entries');
        return (body['entries'] ?? []) as Entry[];
    }

    async create(draft: Draft): Promise<Entry> {
        const body = await this.#call('POST', '/entries', draft);
        return { ...draft, entryId: String(body['entryId']) };
    }

    async change({ entryId, ...draft }: Entry): Promise<void> {
        await this.#call('PUT', `/entries/${encodeURIComponent(entryId)}`, draft);
    }

    async remove(entryId: string): Promise<void> {
        await this.#call('DELETE', `/entries/${encodeURIComponent(entryId)}`);
    }

    async #call(method: string, path: string, draft?: Draft): Promise<Record<string, unknown>> {
        let response = await this.#send(this.#options.base, method, path, draft, false);
        if (response.status === 401) {
            // Revoked or just expired: one new token, one more try.
            response = await this.#send(this.#options.base, method, path, draft, true);
        }
        if (response.status === 421) {
            const home = this.#trusted_home(await body_of(response));
            response = await this.#send(home, method, path, draft, false);
        }
        this.#options.on_answer?.({
            served_by: response.headers.get('Domicile-Served-By'),
            via: response.headers.get('Domicile-Via'),
        });
        if (response.status === 204) return {};
        const body = await body_of(response);
        if (response.ok) return body;
        throw this.#error(response, body);
    }

    async #send(
        base: string,
        method: string,
        path: string,
        draft: Draft | undefined,
        renew: boolean,
    ): Promise<Response> {
        const headers: Record<string, string> = {
            Authorization: `Bearer ${await this.#options.token(renew)}`,
        };
        const init: RequestInit = { method, headers, cache: 'no-store' };
        if (draft) {
            headers['Content-Type'] = 'application/json';
            init.body = JSON.stringify(draft);
        }
        try {
            return await this.#fetch(base.replace(/\/+$/, '') + path, init);
        } catch {
            throw new ApiError('offline', 'This region does not answer. Try again.', 0);
        }
    }

    /** Where a 421 answer sends us. The token goes along, so only to a region that we know. */
    #trusted_home(body: Record<string, unknown>): string {
        const home = body['home_endpoint'];
        const origin = typeof home === 'string' && URL.canParse(home) ? new URL(home).origin : '';
        if (!this.#options.trusted.includes(origin)) {
            throw new ApiError('refused', 'The answer names a home that is not known here.', 421);
        }
        return origin;
    }

    #error(response: Response, body: Record<string, unknown>): ApiError {
        const wait_s = retry_after_s(response.headers.get('Retry-After'));
        if (response.status === 503) {
            return new ApiError('home_unreachable', kUnreachable, 503, wait_s);
        }
        const text = text_of(body) ?? `The region answered ${response.status}.`;
        return new ApiError('refused', text, response.status, wait_s);
    }
}
