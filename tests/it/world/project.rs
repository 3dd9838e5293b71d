//! The project of a story: its folder, its secrets, its environment.

use std::path::Path;
use std::sync::Arc;

use kartwheel::config::Env;
use kartwheel::membrane::Reread;
use kartwheel::problem::Severity;
use kartwheel::project::{self, Project, Strictness};

/// The project of a folder; it must have no errors.
pub(crate) fn load(dir: &Path) -> Project {
    let project = project::load(dir, &env(), Strictness::Serve);
    let errors: Vec<_> = project
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    project
}

/// The secrets of the stories.
pub(crate) const SECRETS: [(&str, &str); 19] = [
    (
        "STRIPE_WEBHOOK_SECRET",
        "whsec_ExampleStripeSecret0123456789",
    ),
    ("THRIVECART_SECRET", "TC7EXAMPLESECRET"),
    ("TOOL_TOKEN", "example-secret-of-the-tool"),
    ("WEBINARS_SECRET", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"),
    ("MEMBRANE_TOKEN", "sandbox-token"),
    ("WORKSPACE_SECRET", "sandbox-secret"),
    ("STRIPE_SECRET", "whsec_FakeStripeSigningSecret0123456789ab"),
    ("TYPEFORM_SECRET", "typeform-secret"),
    ("SHOP_SECRET", "shop-secret"),
    ("KARTRA_SECRET", "kartra-url-secret"),
    ("KARTRA_IPN_SECRET", "kartra-ipn-secret"),
    ("CALENDLY_SIGNING_KEY", "calendly-signing-key"),
    ("JOTFORM_SECRET", "jotform-url-secret"),
    ("KIT_SECRET", "kit-endpoint-secret"),
    ("SHOPIFY_SECRET", "shopify-client-secret"),
    ("WOOCOMMERCE_SECRET", "woo & commerce"),
    ("PAYPAL_WEBHOOK_ID", "1JE4291016473214C"),
    (
        "PAYPAL_CERTIFICATE",
        include_str!("../../data/paypal-certificate.pem"),
    ),
    ("KARTWHEEL_TOKEN", "0123456789abcdef0123456789abcdef"),
];

/// The environment of the stories.
pub(crate) fn env() -> Env {
    Env::from_pairs(SECRETS)
}

/// Reads a story's credentials anew.
pub(crate) fn reread(dir: &Path) -> Reread {
    let dir = dir.to_owned();
    Reread(Arc::new(move || {
        let settings = project::settings(&dir, &env(), Strictness::Serve);
        settings.config().map(|config| config.membrane.clone())
    }))
}
