import { useId, useState, type FormEvent } from 'react';
import type { Draft } from './api';
import { MoodField } from './mood';

function today(): string {
    const now = new Date();
    const pad = (value: number) => String(value).padStart(2, '0');
    return `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
}

interface Props {
    name: string;
    first?: Draft;
    /** Resolves to whether the entry was saved; a form for new entries then starts afresh. */
    on_save: (draft: Draft) => Promise<boolean>;
    on_cancel?: () => void;
}

export function EntryForm({ name, first, on_save, on_cancel }: Props) {
    const id = useId();
    const [date, set_date] = useState(first?.date ?? today());
    const [mood, set_mood] = useState(first?.mood ?? 4);
    const [text, set_text] = useState(first?.text ?? '');
    const [busy, set_busy] = useState(false);

    async function save(event: FormEvent) {
        event.preventDefault();
        if (busy) return;
        set_busy(true);
        const saved = await on_save({ date, mood, text: text.trim() });
        set_busy(false);
        if (saved && !first) set_text('');
    }

    return (
        <form className="entry-form card" aria-label={name} onSubmit={(event) => void save(event)}>
            <div className="row">
                <div className="field">
                    <label htmlFor={`${id}-date`}>Date</label>
                    <input
                        id={`${id}-date`}
                        type="date"
                        value={date}
                        required
                        onChange={(event) => set_date(event.target.value)}
                    />
                </div>
                <MoodField name={`${id}-mood`} value={mood} on_change={set_mood} />
            </div>
            <div className="field">
                <label htmlFor={`${id}-text`}>How was your day?</label>
                <textarea
                    id={`${id}-text`}
                    rows={3}
                    maxLength={10000}
                    value={text}
                    required
                    autoFocus={first !== undefined}
                    onChange={(event) => set_text(event.target.value)}
                />
            </div>
            <div className="actions">
                <button type="submit" className="primary" disabled={busy || text.trim() === ''}>
                    {first ? 'Save changes' : 'Save entry'}
                </button>
                {on_cancel && (
                    <button type="button" className="quiet" onClick={on_cancel}>
                        Cancel
                    </button>
                )}
            </div>
        </form>
    );
}
