// The reference's own scheme: a global table says where everybody lives, and the functions of each
// region go by it. The table knows nobody: its keys are HMACs, in letters, since digits in a row may
// be somebody's number. Validation data `twice` lets the same address be somebody else's elsewhere.
import { createHmac } from 'node:crypto';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';

const kTable = 'Places';
const kRegions = { DE: 'eu-central-1', US: 'us-east-2', AU: 'ap-southeast-2' };

const store = new DynamoDBClient({ region: process.env.AWS_REGION });

const key_of = (address) => ({
    who: {
        S: createHmac('sha256', process.env.PLACES_SECRET)
            .update(address.toLowerCase())
            .digest('hex')
            .replace(/[0-9]/g, (digit) => 'ghijklmnop'[digit]),
    },
});

async function home_of(address) {
    const { Item: place } = await store.send(
        new GetItemCommand({ TableName: kTable, Key: key_of(address), ConsistentRead: true }),
    );
    return place?.home.S;
}

/** Where they live from now on, or did before. */
async function settle(address, home) {
    const place = {
        TableName: kTable,
        Item: { ...key_of(address), home: { S: home } },
        ConditionExpression: 'attribute_not_exists(who)',
    };
    try {
        await store.send(new PutItemCommand(place));
        return home;
    } catch (error) {
        if (error.name !== 'ConditionalCheckFailedException') throw error;
        return home_of(address);
    }
}

export async function signUp(event) {
    // Administrators place whom they make themselves, unless they leave that to the table.
    const places = event.triggerSource !== 'PreSignUp_AdminCreateUser' || event.request.validationData?.placed;
    if (!places) return event;
    const home = kRegions[event.request.userAttributes['custom:country']];
    if (home !== event.region) throw new Error(`Sign up in ${home}`);
    if (event.request.validationData?.twice) return event;
    if ((await settle(event.userName, home)) !== home) throw new Error('You live elsewhere');
    return event;
}

export async function signIn(event) {
    if (event.request.validationData?.twice) return event;
    const home = await home_of(event.userName);
    if (home && home !== event.region) throw new Error(`Sign in in ${home}`);
    return event;
}
