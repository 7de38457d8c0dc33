"""What of allauth has a purpose here: nothing for strangers but the sign-in itself."""

from allauth.account import views as account
from allauth.socialaccount import views as single_sign_on
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.apps import apps
from django.urls import include, path
from django.views.decorators.http import require_POST, require_safe

from .views import answered, by_a_page, counted, if_signed

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("2fa/", include("allauth.mfa.urls")),
    path("sso/", single_sign_on.connections, name="socialaccount_connections"),
    path("sso/cancelled/", single_sign_on.login_cancelled, name="socialaccount_login_cancelled"),
    path("sso/error/", single_sign_on.login_error, name="socialaccount_login_error"),
    path("oidc/<slug:provider_id>/login/", by_a_page(oidc.login), name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", oidc.callback, name="openid_connect_callback"),
]


def saml_urls():
    """Only with requirements-saml.txt installed."""
    from allauth.socialaccount.providers.saml import views as saml

    school = "saml/<slug:organization_slug>/"
    return [
        path(f"{school}login/", answered(by_a_page(saml.login)), name="saml_login"),
        path(f"{school}acs/", require_POST(counted(saml.acs)), name="saml_acs"),
        path(f"{school}acs/finish/", require_safe(answered(saml.finish_acs)), name="saml_finish_acs"),
        path(f"{school}sls/", require_safe(answered(if_signed(saml.sls))), name="saml_sls"),
        path(f"{school}metadata/", require_safe(answered(saml.metadata)), name="saml_metadata"),
    ]


if apps.is_installed("allauth.socialaccount.providers.saml"):
    urlpatterns += saml_urls()
