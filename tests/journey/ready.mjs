// Where the system under test is: DOMICILE_READY names the file that `domicile up` writes when
// every region answers.

import { readFileSync } from 'node:fs';
import path from 'node:path';

const kFile = process.env.DOMICILE_READY;
if (!kFile) {
    throw new Error('DOMICILE_READY is not set: it names the file written by `domicile up`');
}

/** {domain, port, ca, regions: {id: {loopback, admin, data, pid}}} */
export const ready = JSON.parse(readFileSync(kFile, 'utf8'));

export const page_url = `https://frontend.${ready.domain}:${ready.port}/`;

export const build_folder =
    process.env.DOMICILE_BUILD ?? path.resolve(import.meta.dirname, '../../build');
