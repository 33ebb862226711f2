// Sign-in at a region of one's choice. A pool has the same client ids and the same id suffix in
// every region, and Amplify keeps its tokens under the client id alone: so a change of region
// leaves a signed-in person signed in.

import { Amplify } from 'aws-amplify';
import { fetchAuthSession } from 'aws-amplify/auth';
import type { Region } from './config';

export function sign_in_at(region: Region): void {
    Amplify.configure({
        Auth: {
            Cognito: {
                userPoolId: region.user_pool_id,
                userPoolClientId: region.client_id,
                userPoolEndpoint: region.endpoints.identity,
                loginWith: { email: true },
            },
        },
    });
}

export async function access_token(renew: boolean): Promise<string> {
    const { tokens } = await fetchAuthSession({ forceRefresh: renew });
    if (!tokens) throw new Error('Please sign in again.');
    return tokens.accessToken.toString();
}

export interface Person {
    email: string;
    home: string;
}

/** Who is signed in, as their tokens say. */
export async function current_person(): Promise<Person> {
    const { tokens } = await fetchAuthSession();
    const id = tokens?.idToken?.payload;
    const home = id?.['custom:region'] ?? tokens?.accessToken.payload['custom:region'];
    return { email: String(id?.['email'] ?? ''), home: String(home ?? 'unknown') };
}
