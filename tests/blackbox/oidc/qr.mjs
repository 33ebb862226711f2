// What a camera reads of the QR code in a page: node qr.mjs <page.html
import { readFileSync } from "node:fs";

import jsQR from "jsqr";

const page = readFileSync(0, "utf8");
const [, edge] = page.match(/viewBox="-4 -4 (\d+) \1"/);
const [, path] = page.match(/<path fill="#000" d="([^"]*)"/);
const scale = 4;
const side = Number(edge) * scale;
const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    for (let row = 0; row < scale; ++row) {
        const from = ((Number(y) + 4) * scale + row) * side + (Number(x) + 4) * scale;
        for (let i = from; i < from + Number(length) * scale; ++i) pixels.fill(0, i * 4, i * 4 + 3);
    }
}
process.stdout.write(jsQR(pixels, side, side)?.data ?? "");
