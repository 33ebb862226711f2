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

export async function signUp(event) {
    const home = kRegions[event.request.userAttributes['custom:country']];
    if (home !== event.region) throw new Error(`Sign up in ${home}`);
    if (event.request.validationData?.twice) return event;
    const place = {
        TableName: kTable,
        Item: { ...key_of(event.userName), home: { S: home } },
        ConditionExpression: 'attribute_not_exists(who) OR home = :home',
        ExpressionAttributeValues: { ':home': { S: home } },
    };
    try {
        await store.send(new PutItemCommand(place));
    } catch (error) {
        if (error.name !== 'ConditionalCheckFailedException') throw error;
        throw new Error('You live elsewhere');
    }
    return event;
}

export async function signIn(event) {
    if (event.request.validationData?.twice) return event;
    const { Item: place } = await store.send(
        new GetItemCommand({ TableName: kTable, Key: key_of(event.userName), ConsistentRead: true }),
    );
    if (place && place.home.S !== event.region) throw new Error(`Sign in in ${place.home.S}`);
    return event;
}
