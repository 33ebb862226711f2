import { useEffect, useRef, useState } from 'react';
import type { Entry } from './api';
import { EntryForm } from './entry_form';
import { Face, mood_name } from './mood';

const kDay = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeZone: 'UTC' });

const day_of = (date: string): string =>
    Number.isNaN(Date.parse(date)) ? date : kDay.format(Date.parse(date));

interface Props {
    entry: Entry;
    on_change: (entry: Entry) => Promise<boolean>;
    on_remove: (entryId: string) => Promise<boolean>;
}

export function EntryItem({ entry, on_change, on_remove }: Props) {
    const [mode, set_mode] = useState<'read' | 'change' | 'remove'>('read');
    const item = useRef<HTMLLIElement>(null);
    const came_back = useRef(false);
    const day = day_of(entry.date);

    // The button that had the focus is gone when a form closes; the entry takes it over.
    useEffect(() => {
        if (mode === 'read' && came_back.current) item.current?.focus();
        came_back.current = mode !== 'read';
    }, [mode]);

    async function save(draft: Omit<Entry, 'entryId'>): Promise<boolean> {
        const saved = await on_change({ ...draft, entryId: entry.entryId });
        if (saved) set_mode('read');
        return saved;
    }

    async function remove() {
        if (!(await on_remove(entry.entryId))) set_mode('read');
    }

    if (mode === 'change') {
        return (
            <li>
                <EntryForm
                    name={`Change the entry of ${day}`}
                    first={entry}
                    on_save={save}
                    on_cancel={() => set_mode('read')}
                />
            </li>
        );
    }
    return (
        <li ref={item} tabIndex={-1} className="entry card">
            <Face mood={entry.mood} />
            <div className="entry-body">
                <h3>
                    <time dateTime={entry.date}>{day}</time>{' '}
                    <span className="mood">{mood_name(entry.mood)}</span>
                </h3>
                <p className="text">{entry.text}</p>
            </div>
            <div className="actions">
                {mode === 'read' ? (
                    <>
                        <button type="button" className="quiet" onClick={() => set_mode('change')}>
                            Change
                        </button>
                        <button type="button" className="quiet" onClick={() => set_mode('remove')}>
                            Delete
                        </button>
                    </>
                ) : (
                    <>
                        <button
                            type="button"
                            className="danger"
                            autoFocus
                            onClick={() => void remove()}
                        >
                            Delete for good
                        </button>
                        <button type="button" className="quiet" onClick={() => set_mode('read')}>
                            Keep
                        </button>
                    </>
                )}
            </div>
        </li>
    );
}
