import { useCallback, useEffect, useState } from 'react';
import type { World } from './config';
import { load_outbox, type Outbox } from './outbox';

const kTime = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

export function OutboxPage({ world, shown }: { world: World; shown: boolean }) {
    const [outbox, set_outbox] = useState<Outbox | null>(null);
    const reload = useCallback(async () => set_outbox(await load_outbox(world.regions)), [world]);

    useEffect(() => {
        if (shown) void reload();
    }, [shown, reload]);

    return (
        <section aria-labelledby="outbox-title">
            <div className="list-head">
                <h1 id="outbox-title">Outbox</h1>
                <button type="button" className="quiet" onClick={() => void reload()}>
                    Reload
                </button>
            </div>
            <p>
                Mails that the regions would have sent, from all regions, newest first. This page is
                for development only.
            </p>
            <p role="status" className="hint">
                {outbox && outbox.silent.length > 0
                    ? `No answer from ${outbox.silent.join(', ')}.`
                    : outbox?.mails.length === 0
                      ? 'No mails yet.'
                      : ''}
            </p>
            <ul className="mails" aria-label="Mails">
                {(outbox?.mails ?? []).map((mail) => (
                    <li key={`${mail.region}/${mail.id}`} className="card mail">
                        <h2>{mail.subject}</h2>
                        <p className="meta">
                            To <strong>{mail.to}</strong> · kept in <strong>{mail.region}</strong> ·{' '}
                            <time dateTime={new Date(mail.sent_ms).toISOString()}>
                                {kTime.format(mail.sent_ms)}
                            </time>
                        </p>
                        <p className="text">{mail.text}</p>
                    </li>
                ))}
            </ul>
        </section>
    );
}
