//! Statement text and a catalog to facts.
