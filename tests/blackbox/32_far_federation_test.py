#!/usr/bin/python3
"""Sign-in with another OpenID provider (npm's oidc-provider) where a jurisdiction says
`transit: never`: the page of a far region sends the browser to the home, which asks the provider
itself; nobody else makes or carries its people."""

import re
import unittest

import variant
from providers import Engine, with_providers


def europe_never(text, engine):
    text = with_providers(text, engine)
    return re.sub(r"(regions: \[eu-central-1\]\n\s+transit: )allow", r"\1never", text)


variant.run_beside(__file__, Engine, europe_never)

from federation import Browser, claims, configure, somebody, tokens  # noqa: E402
from world import AU, DATA, DOMAIN, EU, POOLS, PORT, US  # noqa: E402


def origin(region):
    return f"https://idp.{region}.{DOMAIN}:{PORT}"


class FarFederation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        configure()

    def at_home(self, answer, region, account):
        """What the application is told: by the home's issuer, with a code of the home."""
        self.assertEqual((answer.get("iss"), answer["state"]), (f"{origin(region)}/{POOLS[region]}", "a&b"))
        said = claims(tokens(region, answer["code"])["id_token"])
        self.assertEqual((said["cognito:username"], said["custom:region"]), (f"Partner_{account}", region))
        return said

    def test_somebody_new_and_who_comes_back_are_sent_home(self):
        account = somebody("DE")
        first = self.at_home(Browser().sign_in(US, account), EU, account)
        again = self.at_home(Browser().sign_in(AU, account), EU, account)
        self.assertEqual(first["sub"], again["sub"])
        # There they need not be sent anywhere.
        self.at_home(Browser().sign_in(EU, account), EU, account)

    def test_europe_sends_others_home_too(self):
        account = somebody("US")
        self.at_home(Browser().sign_in(EU, account), US, account)
        self.at_home(Browser().sign_in(EU, account), US, account)

    def test_others_still_go_through_each_other(self):
        account = somebody("US")
        answer = Browser().sign_in(AU, account)
        said = claims(tokens(AU, answer["code"])["id_token"])
        self.assertEqual((answer["iss"], said["custom:region"]), (f"{origin(AU)}/{POOLS[AU]}", US))

    def test_who_has_to_say_a_country_says_it_and_is_at_home_there(self):
        account, browser = somebody(None), Browser()
        page = browser.sign_in(US, account)
        self.assertIn('name="attribute.custom:country"', page.text)
        # The answer is not carried to the home, which asks for it itself.
        page = browser.at_provider(browser.submit(page, **{"attribute.custom:country": "DE"}), account)
        self.assertTrue(page.url.startswith(origin(EU)), page.url)
        self.assertIn('name="attribute.custom:country"', page.text)
        answer = browser.submit(page, **{"attribute.custom:country": "DE"})
        self.at_home(answer, EU, account)

    def test_a_far_region_keeps_nothing_of_them(self):
        account = somebody("DE")
        self.at_home(Browser().sign_in(US, account), EU, account)
        for region in (US, AU):
            for path in (DATA / region).rglob("*"):
                if path.is_file():
                    self.assertNotIn(account.encode(), path.read_bytes(), path)

    def test_a_browser_that_is_signed_in_at_home_is_sent_there_anew_from_far_away(self):
        account, browser = somebody("DE"), Browser()
        self.at_home(browser.sign_in(EU, account), EU, account)
        self.at_home(browser.at_provider(browser.start(US), account), EU, account)

    def test_their_account_is_seen_at_home(self):
        account, browser = somebody("DE"), Browser()
        page = browser.open(f"{origin(US)}/account?client_id=federated2")
        page = browser.at_provider(page, account)
        self.assertEqual(page.status, 200)
        self.assertTrue(page.url.startswith(f"{origin(EU)}/account?"), page.url)
        self.assertIn(f"<b>Partner_{account}</b>", page.text)


if __name__ == "__main__":
    unittest.main()
