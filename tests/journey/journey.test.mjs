// The main job, from a browser to a disk: three people in three countries sign up, keep a diary
// and come back, through right and wrong regions.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Person } from './person.mjs';
import { build_folder } from './ready.mjs';

// Chromium resolves *.localhost to loopback by itself. Without the flags on networking it looks
// up hosts of its maker's at every start.
const kFlags = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];

// New people and new words at each run, so that it can be repeated against a system that is
// already running, and so that a search of the disks finds this run's words only.
const kRun = randomBytes(5).toString('hex');

function person(name, country, home, sign_up, sign_in) {
    const word = (label) => `${label}-${name}-${kRun}`.toLowerCase();
    return {
        name,
        country,
        home,
        // Where they are, and the region they point the page at ('' is whichever is nearest).
        sign_up,
        sign_in,
        email: `${word('mail')}@example.org`,
        password: `Wombat-${kRun}-7x`,
        first: { date: '2026-11-20', mood: 'Great', text: `Walked the coast. ${word('first')}` },
        second: { date: '2026-11-21', mood: 'Low', text: `A headache all day. ${word('second')}` },
        changed: `The headache went in the evening. ${word('changed')}`,
    };
}

const kPeople = [
    // An Australian who is visiting America, and comes home by way of Europe.
    person(
        'Matilda',
        'AU',
        'ap-southeast-2',
        { from: 'US', talk_to: 'us-east-2', asked: 'us-east-2' },
        { from: 'AU', talk_to: 'eu-central-1', asked: 'eu-central-1' },
    ),
    // A German at home, where the nearest region is the right one, and then far away.
    person(
        'Jonas',
        'DE',
        'eu-central-1',
        { from: 'DE', talk_to: '', asked: 'eu-central-1' },
        { from: 'NZ', talk_to: '', asked: 'ap-southeast-2' },
    ),
    // A Canadian who signs up in Europe, and comes back through Australia.
    person(
        'Claire',
        'CA',
        'us-east-2',
        { from: 'FR', talk_to: 'eu-central-1', asked: 'eu-central-1' },
        { from: 'CA', talk_to: 'ap-southeast-2', asked: 'ap-southeast-2' },
    ),
];

let browser;
before(async () => {
    // What the search for strays has to look for, and where each of it may be.
    const planted = kPeople.map(({ home, email, first, second, changed }) => ({
        home,
        values: [email, first.text, second.text, changed],
    }));
    writeFileSync(path.join(build_folder, 'planted.json'), JSON.stringify(planted, null, 4));
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: kFlags });
});
after(() => browser?.close());

/** A browser of one's own: no storage, connections or cache shared with anybody. */
async function with_browser_of(who, viewport, run) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport });
    context.setDefaultTimeout(20_000);
    const someone = new Person(await context.newPage(), who);
    try {
        await run(someone);
    } catch (error) {
        await someone.picture('failed').catch(() => {});
        throw error;
    } finally {
        await context.close();
    }
    assert.deepEqual(someone.complaints, []);
}

const kDesk = { width: 1280, height: 860 };
const kPhone = { width: 390, height: 844 };

for (const who of kPeople) {
    const through = who.sign_up.asked;
    test(`${who.name} of ${who.country} signs up through ${through} and lives in ${who.home}`, async () => {
        await with_browser_of(who, kDesk, async (someone) => {
            await someone.open();
            await someone.travel_to(who.sign_up.from);
            await someone.talk_to(who.sign_up.talk_to);
            await someone.sign_up();
            await someone.confirm(await someone.read_code());

            await someone.sees_exactly([]);
            await someone.write(who.first);
            await someone.write(who.second);
            await someone.sees_exactly([who.first.text, who.second.text]);
            await someone.sees_home_and_path(through);
            await someone.picture('4-diary');

            await someone.change(who.second.text, who.changed);
            await someone.sees_exactly([who.first.text, who.changed]);
            await someone.remove(who.first.text);
            await someone.sees_exactly([who.changed]);
            await someone.sign_out();
        });
    });

    const back = who.sign_in.asked;
    test(`${who.name} signs in on a phone through ${back} and finds the diary`, async () => {
        await with_browser_of(who, kPhone, async (someone) => {
            await someone.open();
            await someone.travel_to(who.sign_in.from);
            await someone.talk_to(who.sign_in.talk_to);
            await someone.sign_in();
            await someone.sees_exactly([who.changed]);
            await someone.sees_home_and_path(back);
            await someone.picture('5-phone');

            // Home by its own address, in the same session.
            await someone.talk_to(who.home);
            await someone.sees_exactly([who.changed]);
            await someone.sees_home_and_path(who.home);
            await someone.sign_out();
        });
    });
}
