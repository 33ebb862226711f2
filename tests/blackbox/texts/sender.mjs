// What an application has send its text messages: Cognito's CustomSMSSender trigger, which hands
// each one to a carrier. It says which region it ran in.
export async function handler(event) {
    const answer = await fetch(process.env.CARRIER, {
        method: 'POST',
        body: JSON.stringify({ ...event, ran_in: process.env.AWS_REGION }),
    });
    if (!answer.ok) throw new Error(`the carrier says ${answer.status}`);
    return event;
}
