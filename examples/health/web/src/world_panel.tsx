// Where things are: the person's home, who answered last, and the knobs of the demonstration.

import { useEffect, useMemo, useState } from 'react';
import type { Path } from './api';
import { countries_of, type World } from './config';
import { get_states, get_where, set_where, switch_region } from './front';
import type { RegionState, Where } from './front';
import type { Person } from './identity';

interface Props {
    world: World;
    person: Person | null;
    path: Path | null;
    where: Where | null;
    talk_to: string;
    nearest: string | undefined;
    on_where: (where: Where) => void;
    on_talk_to: (id: string) => void;
}

function Facts({ person, path }: { person: Person | null; path: Path | null }) {
    return (
        <dl className="facts" aria-live="polite">
            <dt>Your home region</dt>
            <dd data-testid="home-region">{person?.home ?? '–'}</dd>
            <dt>Last answer from</dt>
            <dd>
                <span data-testid="served-by">{path?.served_by ?? '–'}</span>
                {path?.via && (
                    <span className="via">
                        through <span data-testid="via">{path.via}</span>
                    </span>
                )}
            </dd>
        </dl>
    );
}

function Regions({ world, front, on_switched }: {
    world: World;
    front: string;
    on_switched: () => Promise<void>;
}) {
    const [states, set_states] = useState<RegionState[]>([]);
    const [busy, set_busy] = useState('');
    const [news, set_news] = useState('');

    useEffect(() => {
        get_states(front).then(set_states, () => set_news('The front does not answer.'));
    }, [front]);

    async function act(id: string, action: 'stop' | 'start') {
        set_busy(id);
        set_news('');
        try {
            set_states(await switch_region(front, id, action));
            set_news(`${id} was ${action === 'stop' ? 'stopped' : 'started'}.`);
            await on_switched();
        } catch (error) {
            set_news(error instanceof Error ? error.message : 'That did not work.');
        }
        set_busy('');
    }

    return (
        <section aria-labelledby="regions-title">
            <h3 id="regions-title">Regions</h3>
            <ul className="regions">
                {world.regions.map((region) => {
                    const state = states.find(({ id }) => id === region.id)?.state ?? 'up';
                    const action = state === 'up' ? 'stop' : 'start';
                    return (
                        <li key={region.id} aria-label={`${region.id} is ${state}`}>
                            <span className={`dot ${state}`} aria-hidden="true" />
                            <span className="name">
                                {region.id}
                                <small>
                                    {region.jurisdiction} · {state}
                                </small>
                            </span>
                            <button
                                type="button"
                                className="quiet"
                                aria-label={`${action === 'stop' ? 'Stop' : 'Start'} ${region.id}`}
                                disabled={busy !== ''}
                                onClick={() => void act(region.id, action)}
                            >
                                {action === 'stop' ? 'Stop' : 'Start'}
                            </button>
                        </li>
                    );
                })}
            </ul>
            <p role="status" className="hint">
                {news}
            </p>
        </section>
    );
}

export function WorldPanel(props: Props) {
    const { world, where } = props;
    const { front } = world;
    const countries = useMemo(() => countries_of(world), [world]);
    const [trouble, set_trouble] = useState('');

    async function move_to(country: string) {
        if (!front) return;
        try {
            props.on_where(await set_where(front, country));
            set_trouble('');
        } catch {
            set_trouble('The front does not answer.');
        }
    }

    return (
        <aside className="world card" aria-labelledby="world-title">
            <h2 id="world-title">Where things are</h2>
            <Facts person={props.person} path={props.path} />
            {front && (
                <div className="field">
                    <label htmlFor="where">Where in the world am I?</label>
                    <select
                        id="where"
                        value={where?.country ?? ''}
                        onChange={(event) => void move_to(event.target.value)}
                    >
                        {!countries.some(({ code }) => code === where?.country) && (
                            <option value={where?.country ?? ''}>
                                {where?.country || 'Somewhere'}
                            </option>
                        )}
                        {countries.map(({ code, name }) => (
                            <option key={code} value={code}>
                                {name}
                            </option>
                        ))}
                    </select>
                    <p role="status" className="hint">
                        {trouble || (where ? `The nearest region is ${where.region}.` : '')}
                    </p>
                </div>
            )}
            <div className="field">
                <label htmlFor="talk-to">Talk to</label>
                <select
                    id="talk-to"
                    value={props.talk_to}
                    onChange={(event) => props.on_talk_to(event.target.value)}
                >
                    <option value="">
                        Automatic{props.nearest ? `: ${props.nearest}` : ''}
                    </option>
                    {world.regions.map((region) => (
                        <option key={region.id} value={region.id}>
                            {region.id}
                        </option>
                    ))}
                </select>
                <p className="hint">Sign-in and diary both use it.</p>
            </div>
            {front && (
                <Regions
                    world={world}
                    front={front}
                    on_switched={async () => props.on_where(await get_where(front))}
                />
            )}
        </aside>
    );
}
