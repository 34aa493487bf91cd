//! Moves every token to the KMS key that `KMS_KEY_ID` names, inside KMS: no token becomes plain here. Running it again is
//! harmless. What it is for, and how it is run: `infra/guides/deploy.md`.

use accounts::Connector;
use domain::Connection;
use edge::Setup;

/// Connections of one page.
const PAGE: u32 = 100;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_process("rewrap-tokens").await;
    let connector = Connector::new(&setup)?;
    let (mut moved, mut changed, mut cursor) = (0, 0, None);
    loop {
        let page = connector.connections.list_all(cursor.as_deref(), PAGE).await?;
        for connection in page.items.iter().filter(|connection| connection.token.is_some()) {
            match rewrap(&connector, connection).await {
                Ok(true) => moved += 1,
                Ok(false) => changed += 1,
                Err(failure) => eprintln!("{} of {}: {failure}", connection.account, connection.tenant),
            }
        }
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    println!("{moved} tokens moved; {changed} connections were changed meanwhile");
    Ok(())
}

/// Moves one token. `false`: the connection was changed meanwhile.
async fn rewrap(connector: &Connector, connection: &Connection) -> Result<bool, Failure> {
    let Some(rewrapped) = connector.rewrap(connection).await? else { return Ok(false) };
    Ok(connector.connections.replace_token(connection, &rewrapped).await?)
}
