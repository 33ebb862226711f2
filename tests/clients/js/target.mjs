// What the suite talks to. Every part is a parameter, so that the same tests could run against
// the original services; what is not given comes from the ready file and /domicile.json.
//
//   DOMICILE_READY              the file that `domicile up` writes
//   DOMICILE_REGION             the region to talk to; the first of the ready file if not set
//   DOMICILE_IDP_ENDPOINT, DOMICILE_DYNAMODB_ENDPOINT, DOMICILE_OUTBOX
//   DOMICILE_POOL_ID, DOMICILE_CLIENT_ID, DOMICILE_COUNTRY
//   DOMICILE_TABLE              partition key `subject`, sort key `entryId`; DiaryEntries if not set
//   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY   an access key of that region

import { readFileSync } from 'node:fs';
import https from 'node:https';

const env = process.env;
const ready = env.DOMICILE_READY ? JSON.parse(readFileSync(env.DOMICILE_READY, 'utf8')) : {};

/** Node does not resolve *.localhost: connect to loopback, and give the name in SNI and Host. */
function fetch_world() {
    const host = `frontend.${ready.domain}`;
    const options = {
        host: '127.0.0.1',
        port: ready.port,
        servername: host,
        path: '/domicile.json',
        headers: { host: `${host}:${ready.port}` },
        ca: readFileSync(ready.ca),
        agent: false,
    };
    return new Promise((resolve, reject) => {
        const request = https.get(options, async (response) => {
            let text = '';
            for await (const part of response) text += part;
            resolve(JSON.parse(text));
        });
        request.on('error', reject);
    });
}

const region = env.DOMICILE_REGION ?? Object.keys(ready.regions ?? {})[0] ?? 'us-east-2';
const loopback = `http://localhost:${ready.regions?.[region]?.loopback}`;
const world = ready.domain ? await fetch_world() : { regions: [] };
const here = world.regions.find(({ id }) => id === region);

export const target = {
    region,
    idp: env.DOMICILE_IDP_ENDPOINT ?? loopback,
    dynamodb: env.DOMICILE_DYNAMODB_ENDPOINT ?? loopback,
    outbox: env.DOMICILE_OUTBOX ?? `${loopback}/_domicile/outbox`,
    pool_id: env.DOMICILE_POOL_ID ?? here?.user_pool_id,
    client_id: env.DOMICILE_CLIENT_ID ?? here?.client_id,
    country: env.DOMICILE_COUNTRY ?? here?.countries[0],
    /** A country whose people live in another region; none in the original services. */
    foreign_country: world.regions.find(({ id }) => id !== region)?.countries[0],
    table: env.DOMICILE_TABLE ?? 'DiaryEntries',
};
