//! Which versions of NumPy a project requires, by its `pyproject.toml`.

use toml::de::{DeTable, DeValue};

use crate::model::Versions;

/// The versions of NumPy that fit what `[project]` says: its requirement of NumPy, and the first NumPy that runs on the
/// Python that it requires. `None` where it says nothing of either, or nothing that is understood.
pub fn numpy_versions(text: &str) -> Option<Versions> {
    let document = DeTable::parse(text).ok()?.into_inner();
    let project = document.get("project")?.get_ref();
    let python = project.get("requires-python").and_then(|value| value.get_ref().as_str()).and_then(by_python);
    let optional = project.get("optional-dependencies").and_then(|value| value.get_ref().as_table());
    let lists = project.get("dependencies").into_iter().chain(optional.into_iter().flat_map(|table| table.values()));
    // Several requirements are for several environments (`; python_version >= "3.12"`): the code is for all of them.
    let required = lists
        .filter_map(|list| list.get_ref().as_array())
        .flat_map(|list| list.iter())
        .filter_map(|item| DeValue::as_str(item.get_ref()))
        .filter_map(requirement)
        .reduce(Versions::hull);
    match (required, python) {
        (Some(required), Some(python)) => required.meet(python).or(Some(required)),
        (required, python) => required.or(python),
    }
}

/// Reads `numpy>=1.26,<3 ; python_version < "3.13"`; `None` for other packages.
/// See <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>.
fn requirement(text: &str) -> Option<Versions> {
    let rest = text.trim_start();
    let (name, rest) = rest.split_at_checked("numpy".len())?;
    if !name.eq_ignore_ascii_case("numpy") || rest.starts_with(|c: char| c.is_alphanumeric() || "-_.".contains(c)) {
        return None;
    }
    let rest = rest.split(';').next().unwrap_or(rest).trim();
    let rest = if rest.starts_with('[') { rest.split_once(']')?.1.trim() } else { rest };
    let rest = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
    Versions::parse(rest).ok().filter(|_| !rest.is_empty())
}

/// The first NumPy that supports the Python versions from the least that is required on, by NumPy's release notes
/// (<https://numpy.org/doc/stable/release.html>): 2.1 came with Python 3.13, 2.3 with 3.14.
fn by_python(text: &str) -> Option<Versions> {
    let python = Versions::parse(text).ok()?;
    let from = |text: &str| Versions::parse(text).ok();
    if python.before((3, 14)) == Some(false) {
        from(">=2.3")
    } else if python.before((3, 13)) == Some(false) {
        from(">=2.1")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> String {
        numpy_versions(text).map_or_else(|| "nothing".to_owned(), |versions| versions.to_string())
    }

    #[test]
    fn requirements_of_numpy() {
        let project = |dependencies: &str| found(&format!("[project]\nname = 'x'\ndependencies = {dependencies}\n"));
        assert_eq!(project("['scipy', 'numpy>=1.26,<3']"), ">=1.26,<3.0");
        assert_eq!(project("['NumPy [all] (>= 2.0) ; python_version > \"3.9\"']"), ">=2.0");
        assert_eq!(
            project("['numpy==1.26.4;python_version<\"3.12\"', 'numpy>=2.1,<2.3;python_version>=\"3.12\"']"),
            ">=1.26,<2.3"
        );
        for nothing in ["[]", "['numpydoc>=1']", "['numpy']", "['numpy @ https://x']", "['numpy_stl>1']", "'numpy>2'"] {
            assert_eq!(project(nothing), "nothing", "{nothing}");
        }
    }

    #[test]
    fn optional_dependencies_count_and_so_does_python() {
        assert_eq!(found("[project.optional-dependencies]\nall = ['numpy<2']"), ">=0.0,<2.0");
        assert_eq!(found("[project]\nrequires-python = '>=3.13'"), ">=2.1");
        assert_eq!(found("[project]\nrequires-python = '>=3.14'\ndependencies = ['numpy>=2.4']"), ">=2.4");
        assert_eq!(found("[project]\nrequires-python = '>=3.10'"), "nothing");
        assert_eq!(found("[tool.x]\na = 1"), "nothing");
        assert_eq!(found("no toml"), "nothing");
    }
}
