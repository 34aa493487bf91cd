//! `cargo dev`: starts the stack, says where to click, stops with Ctrl-C.

use std::io::{self, ErrorKind};
use std::path::Path;

use local::Stack;
use tokio::signal::unix::{SignalKind, signal};

use super::{BoxError, UpOptions, say};

pub(super) async fn run(options: &UpOptions) -> Result<(), BoxError> {
    let settings = options.settings()?;
    if options.fresh {
        forget(&settings.data_dir)?;
    }
    let real = settings.real_meta.is_some();
    let stack = Stack::start(settings).await?;
    if !options.json {
        let welcome = welcome(&stack, &options.data_dir(), real);
        say(welcome).or_else(|closed| if closed.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(closed) })?;
    }
    stopped().await?;
    stack.stop().await;
    Ok(())
}

/// What a stack keeps in its folder.
const KEPT: [&str; 3] = ["aws", "meta.json", "issuer-key.pem"];

/// Removes what a stack keeps and nothing else: the folder may be anybody's.
fn forget(folder: &Path) -> io::Result<()> {
    for name in KEPT {
        let path = folder.join(name);
        let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    }
    Ok(())
}

fn welcome(stack: &Stack, data: &Path, real: bool) -> String {
    let data = data.display();
    let (api, aws, meta, issuer) = (stack.api_url(), stack.aws_url(), stack.meta_url(), stack.issuer_url());
    let meta = if real {
        format!("Meta          the real one; let a tunnel lead to {api}")
    } else {
        format!("Phone         {meta}/phone   write DMs as a contact")
    };
    format!(
        "\n  Buzón is up.\n\n\
         \x20   Start here    {api}   sign in, connect, answer\n\
         \x20   {meta}\n\
         \x20   Developer     {issuer}   sample people, tokens, curl lines\n\
         \x20   AWS           {aws}   emulated; data is kept in {data}\n\n\
         \x20 Ctrl-C stops it. `cargo dev --help` lists the other commands.\n"
    )
}

/// Waits for Ctrl-C or SIGTERM.
async fn stopped() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgetting_spares_what_is_not_the_stacks() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("aws")).expect("a folder");
        for name in ["aws/tables.db", "meta.json", "thesis.odt"] {
            std::fs::write(folder.path().join(name), "x").expect("written");
        }
        forget(folder.path()).expect("forgotten");
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|one| one.file_name()).collect();
        assert_eq!(left, ["thesis.odt"]);
    }
}
