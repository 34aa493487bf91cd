use std::time::Duration;

use local::StackSettings;
use local_aws::Weather;
use stories::World;

use super::patience::Patience;

/// Something that people do, told in a world of its own.
pub(super) trait Story {
    /// Its name in reports.
    const NAME: &'static str;

    /// The world just before, whose functions have this patience.
    async fn set_up(patience: Patience) -> Self;

    fn world(&self) -> &World;

    /// What people and Meta do, who try again where they are refused.
    async fn tell(&self);

    /// What happens afterwards, without a fault: the clock goes on, schedules ring, Meta delivers again.
    async fn go_on(&self);

    /// What is not as it should be after so many mishaps.
    async fn wrongs(&self, mishaps: usize) -> Vec<String>;
}

/// A world in fine weather, for one fault at a time.
pub(super) async fn world(patience: Patience, change: impl FnOnce(&mut StackSettings)) -> World {
    World::start_with(|settings| {
        settings.retry_delay = Some(Duration::ZERO);
        settings.weather = Weather::fine();
        patience.tell(settings);
        change(settings);
    })
    .await
}

/// The same without schedules, which are rung by hand; the people have connected these accounts.
pub(super) async fn connected(patience: Patience, people: &[(&str, &str)]) -> World {
    let world = world(patience, |settings| settings.schedules = false).await;
    for (person, user) in people {
        world.browser(person).connect("instagram", user).await;
    }
    world
}

/// Notes what is wrong where it is not as expected.
pub(super) fn expect<T: PartialEq + std::fmt::Debug>(wrongs: &mut Vec<String>, what: &str, found: &T, expected: &T) {
    if found != expected {
        wrongs.push(format!("{what}: {found:?} instead of {expected:?}"));
    }
}
