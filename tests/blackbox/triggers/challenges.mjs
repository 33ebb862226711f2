// An application's own challenges in Cognito's flow CUSTOM_AUTH: a word, three times at most, after
// the password where the client begins with it. What it is told goes into the public parameters, so
// that the tests see it.
const asked = ({ request }) => request.session.filter(({ challengeName }) => challengeName === 'CUSTOM_CHALLENGE');

export async function define(event) {
    const { session, clientMetadata } = event.request;
    if (clientMetadata?.what === 'raise') throw new Error('Not like this');
    const answers = asked(event);
    const begins = session.length === 1 && session[0].challengeName === 'SRP_A';
    event.response.issueTokens = answers.some(({ challengeResult }) => challengeResult);
    event.response.failAuthentication = !event.response.issueTokens && answers.length === 3;
    event.response.challengeName = begins ? 'PASSWORD_VERIFIER' : 'CUSTOM_CHALLENGE';
    return event;
}

export async function create(event) {
    const { session, userAttributes, userNotFound } = event.request;
    event.response.publicChallengeParameters = {
        hint: 'the colour of the sky',
        ran: event.region,
        history: session.map((one) => `${one.challengeName}:${one.challengeResult}:${one.challengeMetadata}`).join(),
        known: String(!userNotFound && 'sub' in userAttributes),
    };
    event.response.privateChallengeParameters = { word: 'blue-secret-word' };
    event.response.challengeMetadata = `ASKED_${asked(event).length + 1}`;
    return event;
}

export async function verify(event) {
    const { privateChallengeParameters, challengeAnswer, clientMetadata } = event.request;
    event.response.answerCorrect = challengeAnswer === privateChallengeParameters.word;
    if (clientMetadata?.what === 'word') event.response.answerCorrect = 'yes';
    return event;
}
