use stories::World;

/// Something that people do, told in a world of its own.
pub(super) trait Story {
    /// Its name in reports.
    const NAME: &'static str;

    /// The world just before.
    async fn set_up() -> Self;

    fn world(&self) -> &World;

    /// What people and Meta do, who try again where they are refused.
    async fn tell(&self);

    /// What happens afterwards, without a fault: the clock goes on, schedules ring, Meta delivers again.
    async fn go_on(&self);

    /// What is not as it should be after so many mishaps.
    async fn wrongs(&self, mishaps: usize) -> Vec<String>;
}

/// Notes what is wrong where it is not as expected.
pub(super) fn expect<T: PartialEq + std::fmt::Debug>(wrongs: &mut Vec<String>, what: &str, found: &T, expected: &T) {
    if found != expected {
        wrongs.push(format!("{what}: {found:?} instead of {expected:?}"));
    }
}
