// The page: a head with the two views, the diary (or the way in to it), and beside it the panel
// that shows where things are.

import { useAuthenticator } from '@aws-amplify/ui-react';
import { useCallback, useEffect, useState } from 'react';
import type { Path } from './api';
import { find_region, type World } from './config';
import { Diary } from './diary';
import type { Where } from './front';
import { current_person, sign_in_at, type Person } from './identity';
import { OutboxPage } from './outbox_page';
import { SignIn } from './sign_in';
import { WorldPanel } from './world_panel';

type View = 'diary' | 'outbox';

const view_of = (hash: string): View => (hash === '#outbox' ? 'outbox' : 'diary');

function use_view(): View {
    const [view, set_view] = useState(() => view_of(location.hash));
    useEffect(() => {
        const follow = () => set_view(view_of(location.hash));
        addEventListener('hashchange', follow);
        return () => removeEventListener('hashchange', follow);
    }, []);
    return view;
}

/** Who is signed in, once their tokens are there. */
function use_person(): Person | null {
    const { authStatus } = useAuthenticator((context) => [context.authStatus]);
    const [person, set_person] = useState<Person | null>(null);
    useEffect(() => {
        let current = true;
        if (authStatus === 'authenticated') {
            current_person().then(
                (found) => current && set_person(found),
                () => current && set_person(null),
            );
        } else {
            set_person(null);
        }
        return () => {
            current = false;
        };
    }, [authStatus]);
    return authStatus === 'authenticated' ? person : null;
}

export function App({ world, first_where }: { world: World; first_where: Where | null }) {
    const view = use_view();
    const person = use_person();
    const { signOut } = useAuthenticator((context) => [context.user]);
    const [where, set_where] = useState(first_where);
    const [talk_to, set_talk_to] = useState('');
    const [path, set_path] = useState<Path | null>(null);

    const nearest = find_region(world, where?.region) ?? find_region(world, world.served_by);
    const chosen = find_region(world, talk_to);
    const identity = chosen ?? nearest ?? world.regions[0]!;
    useEffect(() => sign_in_at(identity), [identity]);
    const note_path = useCallback((answered: Path) => set_path(answered), []);
    useEffect(() => {
        if (!person) set_path(null);
    }, [person]);

    return (
        <>
            <header className="top">
                <a className="brand" href="#diary">
                    <img src="/icon.svg" alt="" width="32" height="32" />
                    <span>Health diary</span>
                </a>
                <nav aria-label="Views">
                    <a href="#diary" aria-current={view === 'diary' ? 'page' : undefined}>
                        Diary
                    </a>
                    <a href="#outbox" aria-current={view === 'outbox' ? 'page' : undefined}>
                        Outbox
                    </a>
                </nav>
                {person && (
                    <div className="who">
                        <span className="email">{person.email}</span>
                        <button type="button" className="quiet" onClick={() => signOut()}>
                            Sign out
                        </button>
                    </div>
                )}
            </header>
            <div className="columns">
                <main>
                    {/* Hidden and not unmounted: a half-finished sign-up outlives a look at the mails. */}
                    <div hidden={view !== 'diary'}>
                        {person ? (
                            <Diary
                                key={person.email}
                                world={world}
                                base={chosen?.endpoints.api ?? world.api}
                                on_answer={note_path}
                            />
                        ) : (
                            <SignIn world={world} country={where?.country} region={identity.id} />
                        )}
                    </div>
                    <div hidden={view !== 'outbox'}>
                        <OutboxPage world={world} shown={view === 'outbox'} />
                    </div>
                </main>
                <WorldPanel
                    world={world}
                    person={person}
                    path={path}
                    where={where}
                    talk_to={talk_to}
                    nearest={nearest?.id}
                    on_where={set_where}
                    on_talk_to={set_talk_to}
                />
            </div>
            <footer>
                <p>
                    A demonstration of Domicile: whichever region answers, what you write is kept in
                    your home region only.
                </p>
            </footer>
        </>
    );
}
