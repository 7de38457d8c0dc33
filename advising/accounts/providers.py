"""The school's own sign-in, described as allauth wants it."""

import re


def oidc(*, issuer, name, client_id, secret):
    """Its address makes part of ours, and with a person's id what they are known by: ids of another issuer are others.

    The id is all that is asked for: no name, no e-mail address, and no second answer that could be about somebody else.
    """
    settings = {"server_url": issuer, "scope": ["openid"], "fetch_userinfo": False, "oauth_pkce_enabled": True}
    provider_id = re.sub(r"[^0-9A-Za-z]+", "-", issuer.split("://")[1]).strip("-")
    app = {"provider_id": provider_id, "name": name, "client_id": client_id, "secret": secret, "settings": settings}
    return {"APPS": [app]}


def saml(*, metadata_url, entity_id, name, uid_attribute):
    settings = {
        "idp": {"entity_id": entity_id, "metadata_url": metadata_url},
        "attribute_mapping": {"uid": uid_attribute},
        "advanced": {"want_assertion_signed": True},
    }
    return {"APPS": [{"provider_id": entity_id, "name": name, "client_id": "school", "settings": settings}]}
