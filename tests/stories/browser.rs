//! What people see and click, in a real Chromium.
//!
//! Needs `chromium` and `chromedriver` on the path; without them these stories say so in one line and pass. Pictures of every
//! state, narrow and wide, light and dark, are left in the folder `screens` of cargo's folder for tests (`target/tmp`).

mod answering;
mod audit;
mod channels;
mod connecting;
mod driver;
mod elsewhere;
mod embedding;
mod english;
mod integrating;
mod issuers;
mod keyboard;
mod live;
mod loading;
mod network;
mod safety;
mod simulated;
mod window;
mod without_mouse;

use std::sync::Arc;

use stories::World;
use tokio::sync::{Semaphore, SemaphorePermit};

use driver::Driver;
use window::Window;

/// Stories at a time: more Chromiums than cores only make each other slow.
static SEATS: Semaphore = Semaphore::const_new(2);

/// A world with a Chromium to look at it.
struct Story {
    world: World,
    driver: Arc<Driver>,
    _seat: SemaphorePermit<'static>,
}

impl Story {
    /// `None` where no Chromium is installed.
    async fn begin() -> Option<Self> {
        Self::begin_with(|_| ()).await
    }

    /// The same on a stack with other settings.
    async fn begin_with(change: impl FnOnce(&mut local::StackSettings)) -> Option<Self> {
        let seat = SEATS.acquire().await.expect("seats are never taken away");
        let driver = Driver::running()?;
        Some(Self { world: World::start_with(change).await, driver, _seat: seat })
    }

    /// A new window that shares nothing with other windows: another person's browser.
    async fn window(&self) -> Window<'_> {
        Window::open(&self.driver, &self.world).await
    }

    /// A window in which this person is signed in, on this page.
    async fn signed_in(&self, person: &str, path: &str) -> Window<'_> {
        let window = self.window().await;
        window.visit(path).await;
        window.click(person).await;
        window.arrives(path).await;
        window
    }
}
