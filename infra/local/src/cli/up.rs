//! `cargo dev`: starts the stack, says where to click, stops with Ctrl-C.

use std::io;

use local::{Stack, StackSettings};
use tokio::signal::unix::{SignalKind, signal};

use super::{BoxError, UpOptions};

pub(super) async fn run(options: &UpOptions) -> Result<(), BoxError> {
    let settings = options.settings()?;
    if options.fresh {
        forget(&settings)?;
    }
    let real = settings.real_meta.is_some();
    let stack = Stack::start(settings).await?;
    if !options.json {
        println!("{}", welcome(&stack, real));
    }
    stopped().await?;
    stack.stop().await;
    Ok(())
}

fn forget(settings: &StackSettings) -> io::Result<()> {
    match std::fs::remove_dir_all(&settings.data_dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn welcome(stack: &Stack, real: bool) -> String {
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
         \x20   AWS           {aws}   emulated; data is kept in .buzon/\n\n\
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
