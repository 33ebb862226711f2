// Leaves a .gz and a .br beside every text file of the build, so that the edge can answer from
// disk what it would otherwise compress for each visitor.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const kText = /\.(html|js|css|svg|json|txt|map|webmanifest)$/;
// Below about one packet compression saves nothing.
const kBytesMin = 1024;

const to_gzip = (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 });
const to_brotli = (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, {
        params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });

async function precompress_folder(folder: string): Promise<void> {
    const names = await readdir(folder, { recursive: true });
    for (const name of names.filter((candidate) => kText.test(candidate))) {
        const file = path.join(folder, name);
        const bytes = await readFile(file);
        if (bytes.length < kBytesMin) continue;
        await writeFile(`${file}.gz`, await to_gzip(bytes));
        await writeFile(`${file}.br`, await to_brotli(bytes));
    }
}

export function precompress(): Plugin {
    let folder = 'dist';
    return {
        name: 'precompress',
        apply: 'build',
        configResolved(config) {
            folder = path.resolve(config.root, config.build.outDir);
        },
        async closeBundle() {
            await precompress_folder(folder);
        },
    };
}
