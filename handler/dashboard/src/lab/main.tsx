import { mount } from "../mount";
import { LabPage } from "./LabPage";

mount(<LabPage />);
