//! `cargo dev calls`: what the functions asked of AWS.

use std::collections::BTreeMap;

use clap::Args;
use serde::Deserialize;

use super::{BoxError, NotRunning, UpOptions, say};

#[derive(Args, Debug)]
pub(super) struct CallsOptions {
    /// Forgets the calls after showing them, so that the next ones are counted alone
    #[arg(long)]
    clear: bool,
}

#[derive(Deserialize)]
struct Calls {
    /// By `function service:operation`.
    totals: BTreeMap<String, Total>,
}

#[derive(Deserialize)]
struct Total {
    calls: u64,
    units: Units,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Units {
    read_table: f64,
    read_index: f64,
    write_table: f64,
    write_index: f64,
}

pub(super) async fn run(options: &CallsOptions, stack: &UpOptions) -> Result<(), BoxError> {
    let url = format!("http://127.0.0.1:{}/_local/calls", stack.aws_port);
    let http = reqwest::Client::new();
    let answer = http.get(&url).send().await.map_err(NotRunning::at(&url))?.error_for_status()?;
    let Calls { totals } = answer.json().await?;
    say(table(&totals))?;
    if options.clear {
        http.delete(&url).send().await?.error_for_status()?;
    }
    Ok(())
}

fn table(totals: &BTreeMap<String, Total>) -> String {
    let header = ["function", "call", "times", "read units", "write units"].map(str::to_owned);
    let rows = totals.iter().map(|(key, total)| {
        let (function, call) = key.split_once(' ').unwrap_or(("", key));
        let read = total.units.read_table + total.units.read_index;
        let write = total.units.write_table + total.units.write_index;
        [function.to_owned(), call.to_owned(), total.calls.to_string(), read.to_string(), write.to_string()]
    });
    let line = |[function, call, times, read, write]: [String; 5]| {
        format!("{function:16} {call:36} {times:>7} {read:>11} {write:>12}")
    };
    let lines: Vec<String> = std::iter::once(header).chain(rows).map(line).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_function_its_call_and_the_sums() {
        let units = Units { write_table: 2.0, write_index: 1.0, ..Units::default() };
        let totals = BTreeMap::from([("processor dynamodb:PutItem".to_owned(), Total { calls: 2, units })]);
        let table = table(&totals);
        let line = table.lines().nth(1).expect("a line");
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["processor", "dynamodb:PutItem", "2", "0", "3"]);
    }
}
