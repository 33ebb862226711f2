// Somebody in front of Chromium at the sign-in pages of a region, whose application is openid-client;
// the browser's virtual authenticator makes and uses passkeys:
//   node pages.mjs '{"issuer", "client_id", "username", "password", "nobody", "pictures"}'
// Prints who signed in, by each way; any check that fails ends it with an error. `pictures`: a folder
// for a picture of each page, or nothing.

import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { begin, discover, kCallback } from './application.mjs';
import { heading, launch, look as look_at, open as open_in, own_authenticator } from './chromium.mjs';

const given = JSON.parse(process.argv[2]);

const config = await discover(given.issuer, given.client_id);

const browser = await launch();
const open = (options) => open_in(browser, options);
const look = (page, name) => look_at(page, name, given.pictures);

/** The way of an application: there, through whatever `act` does, and back with a code. */
async function through(page, act, more = {}) {
    const { url, checks } = await begin(config, more);
    await page.goto(url.href);
    if (act) await act(page);
    await page.waitForURL(`${kCallback}?*`);
    const tokens = await client.authorizationCodeGrant(config, new URL(page.url()), checks);
    assert.deepEqual(page.complaints, []);
    return tokens.claims().email;
}

async function type_password(page, username = given.username) {
    await heading(page, 'Sign in');
    await page.getByLabel('User name or e-mail').fill(username);
    await page.getByLabel('Password').fill(given.password);
    await page.keyboard.press('Enter');
}
async function choose_passkey(page, username = given.username) {
    await page.getByLabel('User name or e-mail').fill(username);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
}

const done = {};
try {
    // Without a script there is a password, and no word of passkeys.
    const plain = await open({ javaScriptEnabled: false });
    done.without_script = await through(plain, async (page) => {
        assert.equal(await page.getByRole('button', { name: 'Sign in with a passkey' }).isVisible(), false);
        await type_password(page);
    });
    await plain.context().close();

    // "Not now" is not asked again in this browser.
    const later = await open();
    await own_authenticator(later);
    done.not_now = await through(later, async (page) => {
        await look(page, '1-sign-in');
        await type_password(page);
        await heading(page, 'Make a passkey');
        await look(page, '2-make-a-passkey');
        await page.getByRole('button', { name: 'Not now' }).click();
    });
    done.not_again = await through(later, type_password, { prompt: 'login' });
    await later.context().close();

    const page = await open();
    const verify = await own_authenticator(page);
    done.made = await through(page, async () => {
        await type_password(page);
        await heading(page, 'Make a passkey');
        await page.getByRole('button', { name: 'Make a passkey' }).click();
    });
    await page.context().clearCookies();
    done.by_passkey = await through(page, () => choose_passkey(page));
    // The browser's session is like any other.
    done.resumed = await through(page);
    // Whoever has one is not asked to make another, and can go on with the password.
    done.by_password = await through(page, () => type_password(page), { prompt: 'login' });
    // A name is asked for first; nobody's name gets as far as anybody's.
    done.after_refusal = await through(
        page,
        async () => {
            await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
            await page.getByText('Please enter your user name or e-mail first.').waitFor();
            assert.equal(await page.getByRole('alert').evaluate((e) => e === document.activeElement), true);
            await look(page, '3-no-name');
            await choose_passkey(page, given.nobody);
            await page.getByText('This passkey cannot be used to sign in here.').waitFor();
            await look(page, '4-refused');
            // The authenticator does not know its user: the page waits for another try.
            await verify(false);
            await choose_passkey(page);
            await heading(page, 'Sign in with a passkey');
            const button = page.getByRole('button', { name: 'Use your passkey' });
            await look(page, '5-use-your-passkey');
            await verify(true);
            await button.click();
        },
        { prompt: 'login' },
    );
    await page.context().close();
} finally {
    await browser.close();
}
console.log(JSON.stringify(done));
