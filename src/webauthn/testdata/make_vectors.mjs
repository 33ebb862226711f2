// Makes chromium_vectors.json: what Chromium's own virtual authenticator answers, for each kind of
// key. `node make_vectors.mjs > chromium_vectors.json`; the origin is http://localhost and a port.
import { createServer } from 'node:http';
import { chromium } from '../../../tests/node_modules/playwright-core/index.mjs';

const server = createServer((_, reply) => {
    reply.setHeader('Content-Type', 'text/html');
    reply.end('<p>A page');
}).listen(0);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await (await browser.newContext()).newPage();
const session = await page.context().newCDPSession(page);
await session.send('WebAuthn.enable');
await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
    },
});
await page.goto(`http://localhost:${server.address().port}/`);
const vectors = {};
for (const alg of [-7, -8, -257]) {
    vectors[alg] = await page.evaluate(async (alg) => {
        const bytes = (text) => new TextEncoder().encode(text);
        const made = await navigator.credentials.create({
            publicKey: {
                rp: { id: 'localhost', name: 'A page' },
                user: { id: bytes(`user${alg}`), name: 'name', displayName: 'name' },
                challenge: bytes('challenge of the registration'),
                pubKeyCredParams: [{ type: 'public-key', alg }],
                authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
                attestation: 'direct',
            },
        });
        const got = await navigator.credentials.get({
            publicKey: {
                rpId: 'localhost',
                challenge: bytes('challenge of the assertion'),
                allowCredentials: [{ type: 'public-key', id: made.rawId }],
                userVerification: 'required',
            },
        });
        return { made: made.toJSON(), got: got.toJSON() };
    }, alg);
}
console.log(JSON.stringify(vectors, null, 1));
await browser.close();
server.close();
