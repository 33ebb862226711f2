// openid-client as the application of somebody who signs in on the pages, or with another provider:
//   node federated.mjs '{"issuer", "client_id", "provider"}'
// Prints where the browser goes, reads where it came back, prints what the tokens say.

import { createInterface } from 'node:readline';
import * as client from 'openid-client';
import { begin, discover } from './application.mjs';

const { issuer, client_id, provider } = JSON.parse(process.argv[2]);
const config = await discover(issuer, client_id);
const { url, checks } = await begin(config, {
    scope: 'openid email profile',
    ...(provider && { identity_provider: provider }),
});
console.log(url.href);
for await (const line of createInterface({ input: process.stdin })) {
    const tokens = await client.authorizationCodeGrant(config, new URL(line), checks);
    const claims = tokens.claims();
    const user = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    console.log(JSON.stringify({ claims, user }));
    break;
}
