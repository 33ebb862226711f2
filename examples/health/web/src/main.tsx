import { Authenticator } from '@aws-amplify/ui-react';
import '@aws-amplify/ui-react/styles.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { find_region, load_world } from './config';
import { get_where } from './front';
import { sign_in_at } from './identity';
import './styles.css';

const root = createRoot(document.getElementById('root')!);

try {
    const world = await load_world();
    const where = world.front ? await get_where(world.front).catch(() => null) : null;
    // Before the first render: the Authenticator asks Amplify for a session as soon as it mounts.
    sign_in_at(
        find_region(world, where?.region) ??
            find_region(world, world.served_by) ??
            world.regions[0]!,
    );
    root.render(
        <StrictMode>
            <Authenticator.Provider>
                <App world={world} first_where={where} />
            </Authenticator.Provider>
        </StrictMode>,
    );
} catch {
    root.render(
        <main className="alone" role="alert">
            <h1>Health diary</h1>
            <p>The diary could not be loaded: no region answers. Please reload the page.</p>
        </main>,
    );
}
