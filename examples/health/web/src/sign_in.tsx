import { Authenticator, SelectField } from '@aws-amplify/ui-react';
import { useMemo, useRef } from 'react';
import { countries_of, type World } from './config';

interface Props {
    world: World;
    country: string | undefined;
    region: string;
}

export function SignIn({ world, country, region }: Props) {
    // The Authenticator takes its parts as components: made once, or the form would lose what was
    // typed whenever the page renders. The country is a first guess only, so a ref carries it in.
    const guess = useRef(country);
    guess.current = country;
    const components = useMemo(() => {
        const countries = countries_of(world);
        const first_guess = () =>
            countries.find(({ code }) => code === guess.current)?.code ?? '';
        return {
            SignUp: {
                FormFields: () => (
                    <>
                        <Authenticator.SignUp.FormFields />
                        <SelectField
                            name="custom:country"
                            label="Country"
                            descriptiveText="Your country decides where your data lives."
                            defaultValue={first_guess()}
                            required
                        >
                            <option value="" disabled>
                                Choose your country
                            </option>
                            {countries.map(({ code, name }) => (
                                <option key={code} value={code}>
                                    {name}
                                </option>
                            ))}
                        </SelectField>
                    </>
                ),
            },
        };
    }, [world]);

    return (
        <section className="welcome" aria-labelledby="welcome">
            <h1 id="welcome">How are you today?</h1>
            <p>
                A few words a day, kept in the region of your own country. You are signing in
                through <strong>{region}</strong>; your entries will be at home wherever you sign in.
            </p>
            <Authenticator
                loginMechanisms={['email']}
                signUpAttributes={[]}
                components={components}
            />
            <p className="hint">
                The mail with your code does not leave this machine: find it in the{' '}
                <a href="#outbox">outbox</a>.
            </p>
        </section>
    );
}
