//! Tables for spreadsheets (RFC 4180).

/// Appends a row. Cells are quoted, and none can become a formula.
pub(crate) fn row(table: &mut String, cells: &[&str]) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            table.push(',');
        }
        table.push('"');
        if is_formula(cell) {
            table.push('\'');
        }
        table.push_str(&cell.replace('"', "\"\""));
        table.push('"');
    }
    table.push_str("\r\n");
}

/// What a spreadsheet would execute; an apostrophe before it makes it text.
///
/// Source: <https://owasp.org/www-community/attacks/CSV_Injection>
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(cell: &str) -> String {
        let mut table = String::new();
        row(&mut table, &[cell]);
        table
    }

    #[test]
    fn separators_quotes_and_line_ends_stay_within_their_cell() {
        let mut table = String::new();
        row(&mut table, &["a,b", "say \"hi\"", "two\r\nlines", ""]);
        assert_eq!(table, "\"a,b\",\"say \"\"hi\"\"\",\"two\r\nlines\",\"\"\r\n");
    }

    #[test]
    fn nothing_becomes_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"] {
            assert!(one(cell).starts_with("\"'"), "{cell}");
        }
        assert_eq!(one("a=b"), "\"a=b\"\r\n");
    }
}
