// Chromium at the sign-in pages of a region, and what those pages owe to the people in front of it.

import assert from 'node:assert/strict';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { add_authenticator } from '../passkeys/authenticator.mjs';

export const launch = () =>
    chromium.launch({
        executablePath: '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });

/** A page in a browser of its own; `page.complaints` has what scripts and policies complain of. */
export async function open(browser, options = {}) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    // The application, which is nowhere. Playwright's own routes are not asked about redirects.
    const devtools = await context.newCDPSession(page);
    devtools.on('Fetch.requestPaused', ({ requestId }) =>
        devtools
            .send('Fetch.fulfillRequest', { requestId, responseCode: 200, body: btoa('The application.') })
            .catch(() => {}), // of a page that is closed meanwhile, as its icon
    );
    await devtools.send('Fetch.enable', { patterns: [{ urlPattern: 'https://app.example/*' }] });
    page.complaints = [];
    // Script errors, and whatever the pages' own policy forbids.
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    page.on('console', (line) => line.type() === 'error' && /policy/i.test(line.text()) && page.complaints.push(line.text()));
    return page;
}

/** A page's authenticator; says whether it knows its user from now on. */
export async function own_authenticator(page) {
    const { devtools, authenticatorId } = await add_authenticator(page);
    return (verified) => devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: verified });
}

const kScreens = [
    { name: 'phone', width: 360, height: 640 },
    { name: 'desktop', width: 1280, height: 800 },
];

/** What axe-core finds wrong, by rule and element. */
async function violations(page) {
    // From outside, which the page's policy has no say in.
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(`${axe.source}; undefined`);
    const { violations } = await page.evaluate(() =>
        window.axe.run(document, { resultTypes: ['violations'], preload: false }),
    );
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
}

/** Nothing is wrong with a page on small and large screens, light and dark. `pictures`: a folder, or nothing. */
export async function look(page, name, pictures, language = 'en') {
    const before = page.viewportSize();
    for (const screen of kScreens) {
        for (const colorScheme of ['light', 'dark']) {
            const where = `${name} ${screen.name} ${colorScheme}`;
            await page.setViewportSize(screen);
            await page.emulateMedia({ colorScheme });
            const found = await page.evaluate(() => ({
                language: document.documentElement.lang,
                title: document.title,
                headings: document.querySelectorAll('main h1').length,
                unnamed: [...document.querySelectorAll('input:not([type=hidden]), select')].filter((f) => !f.labels.length)
                    .length,
                buttons: [...document.querySelectorAll('button')].filter((b) => !b.textContent.trim()).length,
                wide: document.documentElement.scrollWidth > window.innerWidth,
            }));
            assert.equal(found.language, language);
            assert.ok(found.title);
            assert.deepEqual([found.headings, found.unnamed, found.buttons, found.wide], [1, 0, 0, false], where);
            assert.deepEqual(await violations(page), [], where);
            if (!pictures) continue;
            await page.screenshot({ path: `${pictures}/${name}-${screen.name}-${colorScheme}.png`, fullPage: true });
        }
    }
    await page.emulateMedia({ colorScheme: null });
    await page.setViewportSize(before);
}

export const heading = (page, text) => page.getByRole('heading', { name: text, level: 1 }).waitFor();
