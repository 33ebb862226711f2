// The virtual authenticator of Chromium, which makes and uses passkeys as a phone would.

/** For a page of Playwright's: {devtools, authenticatorId}. */
export async function add_authenticator(page) {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
        options: {
            protocol: 'ctap2',
            ctap2Version: 'ctap2_1',
            transport: 'internal',
            hasResidentKey: true,
            hasUserVerification: true,
            isUserVerified: true,
            automaticPresenceSimulation: true,
        },
    });
    return { devtools, authenticatorId };
}
