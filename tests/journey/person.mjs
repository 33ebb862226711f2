// One person at one browser: what they do on the page, step by step, by roles and labels only, as
// somebody with a screen reader would.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { build_folder, page_url } from './ready.mjs';

const kScreenshots = path.join(build_folder, 'screenshots');
mkdirSync(kScreenshots, { recursive: true });

export class Person {
    constructor(page, who) {
        this.page = page;
        this.who = who;
        this.complaints = [];
        page.on('pageerror', (error) => this.complaints.push(error.message));
        page.on('console', (message) => {
            const text = message.text();
            if (/Content Security Policy|Refused to/.test(text)) this.complaints.push(text);
        });
    }

    async open() {
        await this.page.goto(page_url);
        await this.page.getByRole('heading', { name: 'How are you today?' }).waitFor();
    }

    async picture(step) {
        const file = path.join(kScreenshots, `${this.who.name.toLowerCase()}-${step}.png`);
        await this.page.screenshot({ path: file, fullPage: true });
    }

    /** Where in the world the browser is, as the front is to believe. */
    async travel_to(country) {
        await this.page.getByLabel('Where in the world am I?').selectOption(country);
        await this.page.getByText('The nearest region is').waitFor();
    }

    /** A region's id, or '' for whichever is nearest. */
    async talk_to(region) {
        await this.page.getByLabel('Talk to').selectOption(region);
    }

    async sign_up() {
        const { page, who } = this;
        await page.getByRole('tab', { name: 'Create Account' }).click();
        await page.getByLabel('Email').fill(who.email);
        await page.getByLabel('Password', { exact: true }).fill(who.password);
        await page.getByLabel('Confirm Password', { exact: true }).fill(who.password);
        await page.getByLabel('Country').selectOption(who.country);
        await this.picture('1-sign-up');
        await page.getByRole('button', { name: 'Create Account' }).click();
        await page.getByLabel('Confirmation Code').waitFor();
    }

    /** The code out of the newest mail to this person, read on the outbox page. */
    async read_code() {
        const { page, who } = this;
        await page.getByRole('link', { name: 'Outbox', exact: true }).click();
        const mail = page
            .getByRole('list', { name: 'Mails' })
            .getByRole('listitem')
            .filter({ hasText: who.email })
            .first();
        // The mail is queued by the home, which may be a border away: ask again until it is there.
        await poll('a mail with the code', async () => {
            if ((await mail.count()) > 0) return true;
            await page.getByRole('button', { name: 'Reload' }).filter({ visible: true }).click();
            return false;
        });
        await this.picture('2-outbox');
        assert.ok((await mail.innerText()).includes(who.home), 'the mail is kept at home');
        const code = /\b\d{6}\b/.exec(await mail.innerText());
        assert.ok(code, 'the mail has a code of six digits');
        await page.getByRole('link', { name: 'Diary', exact: true }).click();
        return code[0];
    }

    /** Confirms, and is signed in by that. */
    async confirm(code) {
        await this.page.getByLabel('Confirmation Code').fill(code);
        await this.picture('3-confirm');
        await this.page.getByRole('button', { name: 'Confirm' }).click();
        await this.#signed_in();
    }

    async sign_in() {
        const { page, who } = this;
        await page.getByRole('tab', { name: 'Sign In' }).click();
        await page.getByLabel('Email').fill(who.email);
        await page.getByLabel('Password', { exact: true }).fill(who.password);
        await page.getByRole('button', { name: 'Sign in', exact: true }).click();
        await this.#signed_in();
    }

    async #signed_in() {
        await this.page.getByRole('heading', { name: 'Your entries' }).waitFor();
        await this.page.getByRole('banner').getByText(this.who.email).waitFor();
    }

    async sign_out() {
        await this.page.getByRole('button', { name: 'Sign out' }).click();
        await this.page.getByRole('tab', { name: 'Sign In' }).waitFor();
    }

    #entry(text) {
        const list = this.page.getByRole('list', { name: 'Your entries' });
        return list.getByRole('listitem').filter({ hasText: text });
    }

    async write({ date, mood, text }) {
        const form = this.page.getByRole('form', { name: 'New entry' });
        await form.getByLabel('Date').fill(date);
        await form.getByText(mood, { exact: true }).click();
        await form.getByLabel('How was your day?').fill(text);
        await form.getByRole('button', { name: 'Save entry' }).click();
        await this.#entry(text).waitFor();
    }

    async change(text, new_text) {
        await this.#entry(text).getByRole('button', { name: 'Change' }).click();
        const form = this.page.getByRole('form', { name: /^Change the entry of/ });
        await form.getByLabel('How was your day?').fill(new_text);
        await form.getByRole('button', { name: 'Save changes' }).click();
        await this.#entry(new_text).waitFor();
    }

    async remove(text) {
        await this.#entry(text).getByRole('button', { name: 'Delete' }).click();
        await this.#entry(text).getByRole('button', { name: 'Delete for good' }).click();
        await this.#entry(text).waitFor({ state: 'detached' });
    }

    /** Reloads the list from the region, and checks that it holds these texts and no others. */
    async sees_exactly(texts) {
        const list = this.page.getByRole('list', { name: 'Your entries' });
        const answered = this.page.waitForResponse(
            (response) =>
                response.url().endsWith('/entries') && response.request().method() === 'GET',
        );
        await this.page.getByRole('button', { name: 'Reload' }).filter({ visible: true }).click();
        await answered;
        let seen;
        await poll(`the entries ${JSON.stringify(texts)}`, async () => {
            seen = await list.locator('.text').allInnerTexts();
            return seen.length === texts.length && texts.every((text) => seen.includes(text));
        });
    }

    /** What the panel says about where things are. */
    async sees_home_and_path(asked) {
        const { page, who } = this;
        assert.equal(await page.getByTestId('home-region').innerText(), who.home);
        await poll('the region that answered', async () => {
            return (await page.getByTestId('served-by').innerText()) === who.home;
        });
        const via = page.getByTestId('via');
        if (asked === who.home) {
            assert.equal(await via.count(), 0, 'the home answers by itself');
        } else {
            assert.equal(await via.innerText(), asked, 'the region asked passed the request on');
        }
    }
}

/** Waits for a condition with a deadline; the condition is asked again after each short pause. */
export async function poll(what, condition, deadline_ms = 15_000) {
    const end = Date.now() + deadline_ms;
    while (!(await condition())) {
        if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
