// Somebody in front of Chromium at the pages of their own account, whose virtual authenticator makes
// and uses passkeys:
//   node account.mjs '{"origin", "client_id", "username", "password", "pictures"}'
// Prints what they did; any check that fails ends it with an error. `pictures`: a folder for pictures
// of each page, or nothing.

import assert from 'node:assert/strict';
import { heading, launch, look as look_at, open as open_in, own_authenticator } from './chromium.mjs';

const given = JSON.parse(process.argv[2]);
const browser = await launch();
const account = `${given.origin}/account?client_id=${given.client_id}`;
const look = (page, name) => look_at(page, name, given.pictures);

async function type_password(page) {
    await heading(page, 'Sign in');
    await page.getByLabel('User name or e-mail').fill(given.username);
    await page.getByLabel('Password').fill(given.password);
    await page.keyboard.press('Enter');
}
const passkeys = (page) => page.getByRole('region', { name: 'Passkeys' });
const removals = (page) => passkeys(page).getByRole('button', { name: /^Remove: Passkey made on \d{4}-\d\d-\d\d/ });
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

const done = [];
try {
    // Without a script nothing of passkeys can be made, and nothing says so in vain.
    const plain = await open_in(browser, { javaScriptEnabled: false });
    await plain.goto(account);
    await type_password(plain);
    await heading(plain, 'Your account');
    assert.equal(await plain.getByRole('button', { name: 'Make a passkey' }).isVisible(), false);
    assert.equal(await plain.getByRole('button', { name: 'Change password' }).isVisible(), true);
    await plain.context().close();
    done.push('without_script');

    const page = await open_in(browser);
    const verify = await own_authenticator(page);
    await page.goto(account);
    await heading(page, 'Sign in');
    await look(page, 'account-1-sign-in');
    await type_password(page);
    await heading(page, 'Your account');
    await page.getByText('You have no passkey yet.').waitFor();
    await look(page, 'account-2-nothing-yet');

    // The authenticator does not know its user: the page waits for another try.
    await press(page, 'Make a passkey');
    await heading(page, 'Make a passkey');
    await verify(false);
    await press(page, 'Make a passkey');
    await page.getByText('That did not work.').waitFor();
    await look(page, 'account-3-make-a-passkey');
    await page.getByRole('link', { name: 'Back to your account' }).click();
    await heading(page, 'Your account');
    await verify(true);
    await press(page, 'Make a passkey');
    await heading(page, 'Make a passkey');
    await press(page, 'Make a passkey');
    await page.getByText('Your passkey is saved.').waitFor();
    assert.equal(await removals(page).count(), 1);
    await look(page, 'account-4-one-passkey');
    done.push('made');

    // It signs in, to the same place.
    await page.context().clearCookies();
    await page.goto(account);
    await page.getByLabel('User name or e-mail').fill(given.username);
    await press(page, 'Sign in with a passkey');
    await heading(page, 'Your account');
    done.push('by_passkey');

    await removals(page).click();
    await page.getByText('The passkey was removed').waitFor();
    assert.equal(await removals(page).count(), 0);
    done.push('removed');

    await press(page, 'Change password');
    await heading(page, 'Change password');
    await page.getByLabel('Current password').fill('Wrong-1234');
    await page.getByLabel('New password').fill('Another-1234');
    await press(page, 'Set password');
    await page.getByText('The current password is not right.').waitFor();
    await look(page, 'account-5-password');
    await page.getByRole('link', { name: 'Back to your account' }).click();

    await press(page, 'Set up an authenticator app');
    await page.getByRole('img', { name: 'QR code with the key for your app' }).waitFor();
    await look(page, 'account-6-app');
    await page.getByRole('link', { name: 'Back to your account' }).click();
    await page.getByRole('link', { name: 'Sign out' }).click();
    await heading(page, 'You are signed out.');
    await look(page, 'account-7-signed-out');
    await page.goto(account);
    await heading(page, 'Sign in');
    done.push('signed_out');
    assert.deepEqual(page.complaints, []);
} finally {
    await browser.close();
}
console.log(JSON.stringify(done));
