//! The Merkle tree over the log's leaves (RFC 6962 §2.1), of which only the right edge is kept.

use sha2::{Digest as _, Sha256};

use crate::base::digest::Digest;

/// The hash of a leaf: SHA-256 of a zero byte and the leaf's body.
pub fn leaf_hash(body: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(body);
    Digest::from_bytes(hasher.finalize().into())
}

/// The hash of a node: SHA-256 of a one byte and both children's hashes.
fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    Digest::from_bytes(hasher.finalize().into())
}

/// A tree's size and the roots of the full subtrees along its right edge, the largest first: all
/// that appending and the root need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    nodes: Vec<Digest>,
}

impl Frontier {
    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// A tree of this size of which nothing is known: to count on after records went missing.
    pub fn beyond(size: u64) -> Self {
        let nodes = Vec::new();
        Self { size, nodes }
    }

    /// Adds a leaf by its hash.
    pub fn append(&mut self, leaf: Digest) {
        // Each one bit at the low end of the size is a full subtree that the new leaf completes.
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.nodes.push(node);
        self.size += 1;
    }

    /// The tree's root; of the empty tree, the digest of nothing.
    pub fn root(&self) -> Digest {
        self.nodes
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(|| Digest::of(&[]))
    }

    /// The nodes one after another, for storing.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.nodes
            .iter()
            .flat_map(|node| node.as_bytes().iter().copied())
            .collect()
    }

    /// What [`Frontier::to_bytes`] stored; none if it does not fit the size.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || chunks.len() != usize::try_from(size.count_ones()).ok()? {
            return None;
        }
        let nodes = chunks.iter().copied().map(Digest::from_bytes).collect();
        Some(Self { size, nodes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::from_hex;

    /// RFC 6962 §2.1, word by word.
    fn naive(leaves: &[Vec<u8>]) -> Digest {
        match leaves {
            [] => Digest::of(&[]),
            [leaf] => leaf_hash(leaf),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&naive(&leaves[..split]), &naive(&leaves[split..]))
            }
        }
    }

    #[test]
    fn agrees_with_the_definition_at_every_size_and_through_storage() {
        let leaves: Vec<Vec<u8>> = (0..200u32).map(|n| n.to_be_bytes().to_vec()).collect();
        let mut tree = Frontier::default();
        for size in 0..=leaves.len() {
            assert_eq!(tree.size(), size as u64);
            assert_eq!(tree.root(), naive(&leaves[..size]), "{size}");
            tree = Frontier::from_bytes(tree.size(), &tree.to_bytes()).unwrap();
            if let Some(leaf) = leaves.get(size) {
                tree.append(leaf_hash(leaf));
            }
        }
    }

    /// The leaves and roots that Certificate Transparency's implementations are tested with.
    #[test]
    fn agrees_with_the_published_vectors() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::default();
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(tree.root(), Digest::from_bytes(from_hex(root).unwrap()));
            if let Some(leaf) = leaves.get(size) {
                tree.append(leaf_hash(leaf));
            }
        }
    }

    #[test]
    fn a_frontier_of_the_wrong_length_is_none() {
        assert!(Frontier::from_bytes(3, &[0; 64]).is_some());
        assert!(Frontier::from_bytes(3, &[0; 32]).is_none());
        assert!(Frontier::from_bytes(3, &[0; 65]).is_none());
    }
}
