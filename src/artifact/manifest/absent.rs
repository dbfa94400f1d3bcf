//! What holds when a manifest does not say it, and what its short class names stand for.

use super::Manifest;

/// Since this level (Android 4.2) providers are private unless they say otherwise.
const JELLY_BEAN_MR1: u32 = 17;
/// Since this level (Android 12) a component with a filter has to say whether it is exported.
const S: u32 = 31;

/// Fills in what holds when nothing is written.
pub(super) fn fill(manifest: &mut Manifest) {
    let target = manifest.effective_target();
    let Manifest {
        package,
        application,
        components,
        instrumentation,
        ..
    } = manifest;
    for class in [&mut application.name, &mut application.backup_agent]
        .into_iter()
        .flatten()
    {
        *class = class_name(package, class);
    }
    for (class, _) in instrumentation {
        *class = class_name(package, class);
    }
    for component in components {
        component.name = class_name(package, &component.name);
        component.target = component.target.as_deref().map(|c| class_name(package, c));
        component.enabled &= application.enabled;
        component.exported = component.exported_given.unwrap_or(match component.tag {
            "provider" => target < JELLY_BEAN_MR1,
            // From S on the platform refuses to install it.
            _ => !component.filters.is_empty() && target < S,
        });
        if component.tag != "activity-alias" && component.permission.is_none() {
            component.permission.clone_from(&application.permission);
        }
        if component.tag == "provider" {
            for own in [&mut component.read_permission, &mut component.write_permission] {
                if own.is_none() {
                    own.clone_from(&component.permission);
                }
            }
        }
    }
}

/// `PackageParser.buildClassName`: `.Foo` and `Foo` belong to the package.
fn class_name(package: &str, class: &str) -> String {
    if class.starts_with('.') {
        format!("{package}{class}")
    } else if class.is_empty() || class.contains('.') {
        class.to_owned()
    } else {
        format!("{package}.{class}")
    }
}
