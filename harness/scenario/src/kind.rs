//! How a folder of kinds lists its kinds.

/// Declares the enumeration of a room's kinds. Each variant holds the resolved form of its kind; that form's `KIND`
/// tells how the kind is written, and its `$behaviour` what the kind does. A new kind is a new file and a new line here.
macro_rules! kinds {
    ($(#[$meta:meta])* pub enum $name:ident: $behaviour:ident { $($(#[$doc:meta])* $kind:ident($form:ty),)+ }) => {
        $(#[$meta])*
        pub enum $name {
            $($(#[$doc])* $kind($form),)+
        }

        impl $name {
            /// Every kind, in the order in which messages name them.
            const KINDS: &'static [Kind] = &[$(<$form>::KIND),+];

            /// How this kind is written.
            fn kind(&self) -> &'static Kind {
                match self {
                    $(Self::$kind(_) => &<$form>::KIND,)+
                }
            }

            /// What this kind does.
            fn form(&self) -> &dyn $behaviour {
                match self {
                    $(Self::$kind(form) => form,)+
                }
            }
        }
    };
}

pub(crate) use kinds;
