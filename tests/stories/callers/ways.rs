//! What a call of the table is: allowed or not, an answer that shows something or not, a watch.

/// A call that is allowed or not.
macro_rules! asks {
    ($service:ident.$method:ident, |$place:ident, $role:ident| $request:expr) => {
        |mut client, $place, $role| {
            Box::pin(async move {
                let _ = (&$place, &$role);
                passed(&client.$service.$method($request).await)
            })
        }
    };
}

/// A call whose answer holds something of the place or not.
macro_rules! shows {
    ($service:ident.$method:ident, |$place:ident| $request:expr, $needle:ident) => {
        |mut client, $place, _| {
            Box::pin(async move {
                let needle = $place.$needle.rsplit('/').next().unwrap_or_default().to_owned();
                shown(client.$service.$method($request).await, &needle)
            })
        }
    };
}

/// A watch: what it is not allowed to see it says at its first message at the latest.
macro_rules! follows {
    ($service:ident.$method:ident, |$place:ident| $request:expr) => {
        |mut client, $place, _| {
            Box::pin(async move {
                match client.$service.$method($request).await {
                    Ok(stream) => passed(&stream.into_inner().message().await),
                    Err(status) => passed::<()>(&Err(status)),
                }
            })
        }
    };
}
