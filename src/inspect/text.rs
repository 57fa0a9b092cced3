//! The beliefs as a table for people.

use super::Row;
use super::value::Claim;

/// One block for each function: the source line, and below it what is believed of the variables just before it runs.
pub(crate) fn table(rows: &[Row<'_>], source: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let mut out = String::new();
    let mut function = None;
    for row in rows {
        if function != Some((&row.function, row.first_line)) {
            if function.is_some() {
                out.push('\n');
            }
            out.push_str(&format!("{} ({}:{})\n", row.function, row.file, row.first_line));
            function = Some((&row.function, row.first_line));
        }
        let code = lines.get(row.line as usize - 1).map_or("", |line| line.trim_end());
        out.push_str(&format!("{:>5} | {code}\n", row.line));
        let width = row.vars.keys().map(String::len).max().unwrap_or(0);
        for (name, claim) in &row.vars {
            out.push_str(&format!("      |   {name:width$}  {}\n", sentence(claim)));
        }
        for note in &row.notes {
            out.push_str(&format!("      |   depends on the version: {note}\n"));
        }
    }
    out
}

/// What is believed of a variable, in a few words.
fn sentence(claim: &Claim) -> String {
    let mut words: Vec<String> = Vec::new();
    match claim.kind {
        Some("array") => words.push("array".to_string()),
        Some(kind) => return kind.to_string(),
        None => words.push("if an array:".to_string()),
    }
    if let Some(shape) = &claim.shape {
        let lengths: Vec<String> = shape.iter().map(|n| n.map_or_else(|| "?".to_string(), |n| n.to_string())).collect();
        words.push(format!("({})", lengths.join(", ")));
    } else if let Some(ndim) = claim.ndim {
        words.push(format!("{ndim}-d"));
    }
    words.extend(claim.dtype.clone());
    if let Some(order) = claim.order {
        words.push(format!("order {order}"));
    }
    match (&claim.buffers[..], claim.must, claim.same) {
        ([], ..) => {}
        ([buffer], true, true) => words.push(format!("owns {buffer}")),
        ([buffer], true, false) => words.push(format!("in {buffer}")),
        (buffers, ..) => words.push(format!("in one of {}", buffers.join(", "))),
    }
    if claim.writeable == Some(false) {
        words.push("read-only".to_string());
    }
    words.join(" ")
}
