#include "frameferry/card.h"

namespace frameferry {
namespace {

constexpr std::string_view settle_path = "/packs/settle";
constexpr std::size_t seq_digits = 16;
constexpr std::string_view first_suffix = ".zip";
constexpr std::string_view second_suffix = "-2.zip";

}  // namespace

void Card::begin(const Uuid& device_id) {
    close_reader();
    device_id_ = device_id;
    status_ = IoStatus::ok;
}

Path Card::folder_path(std::uint64_t folder) { return Path(packs_folder).append('/').append_number(folder); }

Path Card::index_path(std::uint64_t folder) { return folder_path(folder).append("/index"); }

Path Card::pack_path(PackName name) const {
    Path path = folder_path(name.folder());
    path.append('/').append_number(name.seq, seq_digits).append('-').append_hex(device_tag());
    return path.append(name.is_second ? second_suffix : first_suffix);
}

bool Card::parse_name(std::string_view text, PackName& name) const {
    if (text.size() < seq_digits) return false;
    Seq seq = 0;
    for (const char character : text.substr(0, seq_digits)) {
        if (character < '0' || character > '9') return false;
        seq = seq * 10 + static_cast<Seq>(character - '0');
    }
    Text<9> tag("-");
    tag.append_hex(device_tag());
    if (seq > max_seq || text.substr(seq_digits, tag.size()) != tag.view()) return false;
    const std::string_view suffix = text.substr(seq_digits + tag.size());
    name = {seq, suffix == second_suffix};
    return name.is_second || suffix == first_suffix;
}

IoStatus Card::create(std::string_view path, std::uint32_t size_bytes, File& file) {
    file = Storage::none;
    IoStatus status = noted(storage_.create(path, file));
    if (status != IoStatus::ok) return status;
    status = grow(file, size_bytes);
    if (status == IoStatus::ok) return status;
    close(file);
    remove(path);
    return noted(status);
}

IoStatus Card::open_grown(std::string_view path, std::uint32_t size_bytes, File& file) {
    IoStatus status = open(path, file);
    if (status == IoStatus::not_found) return create(path, size_bytes, file);
    std::uint32_t size_now = 0;
    if (status == IoStatus::ok) status = noted(storage_.size(file, size_now));
    if (status == IoStatus::ok && size_now < size_bytes) status = grow(file, size_bytes);
    if (status != IoStatus::ok) close(file);
    return status;
}

IoStatus Card::open(std::string_view path, File& file) {
    file = Storage::none;
    return noted(storage_.open(path, file));
}

void Card::close(File& file) {
    if (file != Storage::none) storage_.close(file);
    file = Storage::none;
}

IoStatus Card::pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) {
    read_bytes = 0;
    return noted_of(file, storage_.pread(file, at, room, read_bytes));
}

IoStatus Card::pwrite(File file, std::uint32_t at, Bytes bytes) {
    return noted_of(file, storage_.pwrite(file, at, bytes));
}

// What was removed may be back after a power cut, and then its sectors must not hold what came after it.
IoStatus Card::grow(File file, std::uint32_t size_bytes) {
    const IoStatus status = frees_unsettled_ ? sync(file) : IoStatus::ok;
    return status == IoStatus::ok ? noted_of(file, storage_.grow(file, size_bytes)) : status;
}

IoStatus Card::trim(File file, std::uint32_t size_bytes) {
    frees_unsettled_ = true;
    return noted_of(file, storage_.trim(file, size_bytes));
}

IoStatus Card::sync(File file) {
    const IoStatus status = noted_of(file, storage_.sync(file));
    if (status == IoStatus::ok) frees_unsettled_ = false;
    return status;
}

IoStatus Card::reader(PackName name, File& file) {
    if (reader_ == Storage::none || !(reader_name_ == name)) {
        close_reader();
        const IoStatus status = open(pack_path(name), reader_);
        if (status != IoStatus::ok) return status;
        reader_name_ = name;
    }
    file = reader_;
    return IoStatus::ok;
}

void Card::close_reader() { close(reader_); }

IoStatus Card::remove(std::string_view path) {
    const IoStatus status = noted(storage_.remove(path));
    if (status == IoStatus::not_found) return IoStatus::ok;
    frees_unsettled_ = true;
    return status;
}

IoStatus Card::remove_pack(PackName name) {
    if (reader_name_ == name) close_reader();
    return remove(pack_path(name));
}

IoStatus Card::settle() {
    if (!frees_unsettled_) return IoStatus::ok;
    File file = Storage::none;
    IoStatus status = open_grown(settle_path, 0, file);
    if (status == IoStatus::ok) status = sync(file);
    close(file);
    return status;
}

bool Card::gives_back() {
    File file = Storage::none;
    std::array<std::uint8_t, 64> bytes{};
    std::size_t read_bytes = 0;
    IoStatus status = open_grown(settle_path, bytes.size(), file);
    if (status == IoStatus::no_space) return true;  // that was read from the card
    if (status == IoStatus::ok) status = pwrite(file, 0, bytes);
    if (status == IoStatus::ok) status = sync(file);
    close(file);
    if (status == IoStatus::ok) status = open(settle_path, file);
    if (status == IoStatus::ok) status = pread(file, 0, bytes, read_bytes);
    close(file);
    return status == IoStatus::ok;
}

void Card::remove_folder(std::uint64_t folder) {
    remove(index_path(folder));
    // Where something else lies in it, it stays: that is no fault of the card.
    if (storage_.remove(folder_path(folder)) == IoStatus::ok) frees_unsettled_ = true;
}

IoStatus Card::make_folder_of(PackName name) {
    const IoStatus status = noted(storage_.make_folder(packs_folder));
    return status == IoStatus::ok ? noted(storage_.make_folder(folder_path(name.folder()))) : status;
}

IoStatus Card::list(std::string_view folder, Storage::Visitor& visitor) {
    return noted(storage_.list(folder, visitor));
}

IoStatus Card::space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) {
    return noted(storage_.space(total_bytes, free_bytes));
}

// FatFs keeps the error with the open file: nothing works with it any more until it is opened again.
IoStatus Card::noted_of(File file, IoStatus status) {
    if (status != IoStatus::ok && file == reader_) close_reader();
    return noted(status);
}

IoStatus Card::noted(IoStatus status) {
    status_ = status == IoStatus::not_found ? IoStatus::ok : status;
    return status;
}

}  // namespace frameferry
