// A browser without scripts: follows redirects within the deployment, keeps cookies by host, and
// fills in the form of a page. Node does not resolve *.localhost, so it connects to loopback and
// gives the name in SNI and Host.

import { readFileSync } from 'node:fs';
import https from 'node:https';

const ready = JSON.parse(readFileSync(process.env.DOMICILE_READY, 'utf8'));
const agent = new https.Agent({ keepAlive: false, ca: readFileSync(ready.ca) });

/** As fetch(), for the clients under test. */
export async function fetch_there(url, { method = 'GET', headers = {}, body } = {}) {
    const { hostname, port, pathname, search } = new URL(url);
    const plain = Object.fromEntries(new Headers(headers));
    const text = body === undefined || body === null ? undefined : String(body);
    if (body instanceof URLSearchParams && !plain['content-type']) {
        plain['content-type'] = 'application/x-www-form-urlencoded;charset=UTF-8';
    }
    const answer = await new Promise((resolve, reject) => {
        const request = https.request({
            host: '127.0.0.1', port, servername: hostname, path: pathname + search, method, agent,
            headers: {
                ...plain,
                host: `${hostname}:${port}`,
                ...(text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }),
            },
        }, resolve);
        request.on('error', reject);
        request.end(text);
    });
    const parts = [];
    for await (const part of answer) parts.push(part);
    const content = [204, 304].includes(answer.statusCode) ? null : Buffer.concat(parts);
    const fields = Object.entries(answer.headersDistinct)
        .flatMap(([name, values]) => values.map((value) => [name, value]));
    return new Response(content, { status: answer.statusCode, headers: fields });
}

const unescaped = (text) => text.replaceAll('&quot;', '"').replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

export class Browser {
    #cookies = new Map();

    /** Follows redirects as long as they stay inside; then the page, or where it was sent. */
    async open(url, request = {}) {
        for (let hops = 0; hops < 10; ++hops) {
            const { host } = new URL(url);
            const own = this.#cookies.get(host) ?? new Map();
            this.#cookies.set(host, own);
            const cookie = [...own].map(([name, value]) => `${name}=${value}`).join('; ');
            const answer = await fetch_there(url, {
                ...request, headers: { ...request.headers, ...(cookie ? { cookie } : {}) },
            });
            for (const line of answer.headers.getSetCookie()) {
                const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
                if (value === '') own.delete(name);
                else own.set(name, value);
            }
            const location = answer.headers.get('location');
            if (location === null) return { url, answer, html: await answer.text() };
            const target = new URL(location, url);
            if (!target.hostname.endsWith(ready.domain)) return { url: target, answer };
            url = target.href;
            request = {};
        }
        throw new Error('redirects without an end');
    }

    /** The first form of a page with these fields filled in. */
    async submit({ url, html }, fields) {
        const action = unescaped(/<form [^>]*action="([^"]*)"/.exec(html)[1]);
        const form = new URLSearchParams();
        for (const [, name, value] of html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) {
            form.set(name, unescaped(value));
        }
        for (const [name, value] of Object.entries(fields)) form.set(name, value);
        return this.open(new URL(action, url).href, { method: 'POST', body: form });
    }
}
