// Every page of the provider in Chromium, in each language, looked at by axe-core on small and large
// screens, light and dark:
//   node accessible.mjs '{"issuer", "origin", "outbox", "client_id", "strict": {...}, "languages": {TAG: {...}}, "pictures"}'
// Prints the pages that it saw; any check that fails ends it with an error. `pictures`: a folder for
// pictures of each page, or nothing.

import assert from 'node:assert/strict';
import { begin, discover } from './application.mjs';
import { fetch_there } from './browser.mjs';
import { launch, look as look_at, open as open_in, own_authenticator } from './chromium.mjs';

const given = JSON.parse(process.argv[2]);
const browser = await launch();
const seen = [];

/** The newest code that was mailed to somebody. */
async function mailed_code(to) {
    const { mails } = await (await fetch_there(given.outbox)).json();
    const [mail] = mails.filter((one) => one.to === to).sort((a, b) => (a.sent_at < b.sent_at ? 1 : -1));
    return /\b\d{6,8}\b/.exec(mail.text)[0];
}

class Visitor {
    static async in(language, options = {}) {
        const visitor = new Visitor();
        visitor.language = language;
        visitor.page = await open_in(browser, { locale: language, ...options });
        return visitor;
    }
    async go(path) {
        await this.page.goto(new URL(path, given.origin).href);
    }
    /** To the sign-in page, as an application sends people whom the browser does not know. */
    async begin(client_id, issuer, path) {
        await this.page.context().clearCookies();
        const { url } = await begin(await discover(issuer, client_id));
        await this.go(path ? `${path}${url.search}` : url.href);
    }
    async look(name) {
        await look_at(this.page, `${name}-${this.language}`, given.pictures, this.language);
        assert.deepEqual(this.page.complaints, [], name);
        if (!seen.includes(name)) seen.push(name);
    }
    /** Fills in and sends a form, by its main button or another one. */
    async send(fields, button = 'form button[type=submit]:not(.other)') {
        for (const [name, value] of Object.entries(fields)) {
            const field = this.page.locator(`[name="${name}"]`);
            if (await field.evaluate((one) => one.tagName === 'SELECT')) await field.selectOption(value);
            else await field.fill(value);
        }
        await Promise.all([this.page.waitForEvent('load'), this.page.locator(button).first().click()]);
    }
    /** What was wrong is where the keyboard is, so that it is read out first. */
    async hears_a_problem() {
        const problem = this.page.getByRole('alert').filter({ visible: true });
        assert.equal(await problem.count(), 1);
        assert.equal(await problem.evaluate((one) => one === document.activeElement), true);
    }
}

async function signs_up(visitor, person) {
    await visitor.begin(given.client_id, given.issuer, '/signup');
    await visitor.look('sign-up');
    await visitor.send({ username: person.email, password: 'short', 'attribute.custom:country': 'DE' });
    await visitor.hears_a_problem();
    await visitor.look('sign-up-refused');
    await visitor.send({ username: person.email, password: person.password, 'attribute.custom:country': 'DE' });
    await visitor.look('confirm');
    await visitor.send({ code: 'x' });
    await visitor.hears_a_problem();
    await visitor.send({ code: await mailed_code(person.email) });
    await visitor.look('confirmed');
}

async function forgets(visitor, person) {
    await visitor.begin(given.client_id, given.issuer, '/forgotPassword');
    await visitor.look('forgot-password');
    await visitor.send({ username: person.email });
    await visitor.look('reset-password');
}

async function signs_in(visitor, person) {
    await visitor.begin(given.client_id, given.issuer);
    await visitor.look('sign-in');
    await visitor.send({ username: person.email, password: 'Wrong-1234' });
    await visitor.hears_a_problem();
    await visitor.look('sign-in-refused');
    await visitor.send({ username: person.email }, 'button[value=code]');
    await visitor.look('mailed-code');
    await visitor.begin(given.client_id, given.issuer);
    await visitor.send({ username: person.email }, 'button[value=passkey]');
    await visitor.page.locator('[data-passkey-go]').waitFor();
    await visitor.look('use-a-passkey');
    await visitor.begin(given.client_id, given.issuer);
    await visitor.send({ username: person.email, password: person.password });
    await visitor.page.locator('[data-passkey-go]').waitFor();
    await visitor.look('make-a-passkey');
}

async function is_invited(visitor, invited) {
    await visitor.begin(given.client_id, given.issuer);
    await visitor.send({ username: invited.email, password: invited.password });
    await visitor.look('new-password');
}

async function needs_an_app(visitor, person) {
    await visitor.begin(given.strict.client_id, given.strict.issuer);
    await visitor.send({ username: person.email, password: person.password });
    await visitor.look('set-up-an-app');
    await visitor.send({ code: '0' });
    await visitor.hears_a_problem();
    await visitor.look('set-up-an-app-refused');
}

async function sees_their_account(visitor, person) {
    await visitor.go(`/account?client_id=${given.client_id}`);
    await visitor.look('account-sign-in');
    await visitor.send({ username: person.email, password: person.password });
    await visitor.look('account');
    for (const act of ['password', 'app', 'passkey']) {
        await visitor.send({}, `button[value=${act}]`);
        await visitor.look(`account-${act}`);
        await Promise.all([visitor.page.waitForEvent('load'), visitor.page.locator('nav a').last().click()]);
    }
    await visitor.go('/logout');
    await visitor.look('sign-out');
    await visitor.send({});
    await visitor.look('signed-out');
}

try {
    for (const [language, people] of Object.entries(given.languages)) {
        const visitor = await Visitor.in(language);
        await own_authenticator(visitor.page);
        await visitor.go('/login');
        await visitor.look('bad-request');
        await signs_up(visitor, people.anna);
        await forgets(visitor, people.anna);
        await signs_in(visitor, people.anna);
        await is_invited(visitor, people.invited);
        await needs_an_app(visitor, people.strict);
        await sees_their_account(visitor, people.anna);
        await visitor.page.context().close();
    }
} finally {
    await browser.close();
}
console.log(JSON.stringify(seen));
