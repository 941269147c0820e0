// The registry's libsodium has these sources, but does not compile them.
#include <../crypto_hash/sha512/cp/hash_sha512_cp.c>
#include <../crypto_hash/sha512/hash_sha512.c>
#include <../crypto_sign/crypto_sign.c>
#include <../crypto_sign/ed25519/ref10/keypair.c>
#include <../crypto_sign/ed25519/ref10/open.c>
#include <../crypto_sign/ed25519/ref10/sign.c>
#include <../crypto_sign/ed25519/sign_ed25519.c>
