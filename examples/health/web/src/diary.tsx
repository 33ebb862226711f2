import { useCallback, useEffect, useMemo, useState } from 'react';
import { ApiError, DiaryApi, type Draft, type Entry, type Path } from './api';
import type { World } from './config';
import { EntryForm } from './entry_form';
import { EntryItem } from './entry_item';
import { access_token } from './identity';

interface Props {
    world: World;
    base: string;
    on_answer: (path: Path) => void;
}

interface Trouble {
    text: string;
    retry_after_s: number | null;
    /** Whether the list is missing because of it, so that a new try makes sense. */
    listing: boolean;
}

function trouble_of(error: unknown, listing: boolean): Trouble {
    if (error instanceof ApiError) {
        return { text: error.message, retry_after_s: error.retry_after_s, listing };
    }
    const text = error instanceof Error ? error.message : 'Something went wrong.';
    return { text, retry_after_s: null, listing };
}

const newest_first = (entries: Entry[]): Entry[] =>
    [...entries].sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0));

export function Diary({ world, base, on_answer }: Props) {
    const [entries, set_entries] = useState<Entry[] | null>(null);
    const [trouble, set_trouble] = useState<Trouble | null>(null);
    const [news, set_news] = useState('');

    const api = useMemo(() => {
        const bases = [world.api, ...world.regions.map((region) => region.endpoints.api)];
        const trusted = bases.map((known) => new URL(known).origin);
        return new DiaryApi({ base, trusted, token: access_token, on_answer });
    }, [world, base, on_answer]);

    const reload = useCallback(async () => {
        try {
            set_entries(newest_first(await api.list()));
            set_trouble(null);
        } catch (error) {
            set_news('');
            set_trouble(trouble_of(error, true));
        }
    }, [api]);

    useEffect(() => void reload(), [reload]);

    // The region said when to ask again. Only reading is repeated without being asked to.
    useEffect(() => {
        if (!trouble?.listing || trouble.retry_after_s === null) return;
        const timer = setTimeout(() => void reload(), Math.max(trouble.retry_after_s, 1) * 1000);
        return () => clearTimeout(timer);
    }, [trouble, reload]);

    async function attempt(done: string, act: () => Promise<void>): Promise<boolean> {
        set_news('');
        try {
            await act();
            set_trouble(null);
            set_news(done);
            return true;
        } catch (error) {
            set_trouble(trouble_of(error, false));
            return false;
        }
    }

    const create = (draft: Draft) =>
        attempt('Entry saved.', async () => {
            const entry = await api.create(draft);
            set_entries((old) => newest_first([entry, ...(old ?? [])]));
        });
    const change = (entry: Entry) =>
        attempt('Entry changed.', async () => {
            await api.change(entry);
            const swap = (old: Entry) => (old.entryId === entry.entryId ? entry : old);
            set_entries((old) => newest_first((old ?? []).map(swap)));
        });
    const remove = (entryId: string) =>
        attempt('Entry deleted.', async () => {
            await api.remove(entryId);
            set_entries((old) => (old ?? []).filter((entry) => entry.entryId !== entryId));
        });

    return (
        <section aria-labelledby="diary-title">
            <h1 id="diary-title">How are you today?</h1>
            <EntryForm name="New entry" on_save={create} />
            <p role="status" className="news">
                {news}
            </p>
            {trouble && (
                <div role="alert" className="trouble">
                    <p>{trouble.text}</p>
                    {trouble.listing && trouble.retry_after_s !== null && (
                        <p className="hint">
                            The page asks again after {trouble.retry_after_s} seconds.
                        </p>
                    )}
                    <button type="button" onClick={() => void reload()}>
                        Try again
                    </button>
                </div>
            )}
            <div className="list-head">
                <h2>Your entries</h2>
                <button type="button" className="quiet" onClick={() => void reload()}>
                    Reload
                </button>
            </div>
            {entries === null && !trouble && <p className="hint">Loading …</p>}
            {entries?.length === 0 && (
                <p className="hint">Nothing yet. Your first entry will appear here.</p>
            )}
            <ul className="entries" aria-label="Your entries">
                {(entries ?? []).map((entry) => (
                    <EntryItem
                        key={entry.entryId}
                        entry={entry}
                        on_change={change}
                        on_remove={remove}
                    />
                ))}
            </ul>
        </section>
    );
}
