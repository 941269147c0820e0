export {encodeQR} from "qr";
